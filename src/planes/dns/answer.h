// One question, answered from a view of a snapshot. Pure: no clock, no I/O, randomness is a
// parameter.
//
// Authoritative rules (RFC 1034 §4.3.2, 2308, 4592, 6604): AA; NXDOMAIN and NODATA carry the zone's
// SOA; below a delegation the answer is a referral with glue; wildcards; CNAMEs are followed
// through everything that the view holds, at most 8 of them. Aliases answer with the addresses of
// what they point to, under the alias's own name. Routed groups choose by policy.h; sets of several
// addresses are turned at random. Cost of a plain answer: two hash look-ups and one copy, no
// allocation.
#pragma once

#include "planes/dns/snapshot.h"

namespace unkai::planes::dns {

// What fits a datagram on every path (https://www.dnsflagday.net/2020/).
inline constexpr size_t most_udp_response = 1232;

struct Outcome {
    // False: the name is in no zone and no table of the view; nothing was written.
    bool ours = true;
    bool authoritative = true;
    wire::dns::Code code = wire::dns::Code::no_error;
    // A CNAME led to this name (lower case wire form, a view into the snapshot), which is not ours.
    std::string_view continues;
};

Outcome resolve(const View& view, const wire::dns::Query& query, Random& random,
                wire::dns::ResponseWriter& writer);

// What a record set, an alias's target or a whole group count as, as EvaluateTargetHealth sees it.
bool is_healthy(const View& view, const Zone& zone, const Member& member, Type type, int depth = 0);

// The whole response of the authoritative server to one datagram, into `buffer` of `limit` bytes
// (at least 512): FORMERR, NOTIMP, BADVERS, REFUSED for names that are not ours (and for zone
// transfers), the answer otherwise. `over_tcp` lifts the client's UDP limit. 0: do not answer.
size_t respond(const View& view, std::string_view datagram, Random& random, char* buffer,
               size_t limit, bool over_tcp);

// What respond() does before it looks at names; 0 when the question is to be looked up.
size_t respond_to_bad_query(wire::dns::Parsed parsed, const wire::dns::Query& query, char* buffer);

}  // namespace unkai::planes::dns
