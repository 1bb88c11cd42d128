// Asks upstream resolvers, for names that nobody here serves.
//
// Every question goes out from a fresh socket on a random port with a random id; only an answer
// from the server asked, to that id and question, is taken. Each server gets 2 s, three attempts in
// all, then the error is "UpstreamTimeout". Truncated answers are asked for again over TCP.
#pragma once

#include <vector>

#include "net/socket.h"
#include "rt/random.h"
#include "wire/dns.h"

namespace unkai::planes::dns {

Task<Result<wire::dns::Message>> ask_upstream(Loop& loop, Random& random,
                                              std::vector<net::Address> servers,
                                              wire::dns::Question question, Stop* stop);

}  // namespace unkai::planes::dns
