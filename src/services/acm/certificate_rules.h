// The rules of certificates, pure: names, validation records, states.
//
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/certificate.h"
#include "services/acm/schema.h"

namespace unkai::services::acm {

// The CNAME that proves ownership of a name: the same for every request of an account, and for a
// name and its wildcard, so that one record serves renewals and further certificates.
Domain validation_of(std::string_view account, std::string_view name);

// Lower case, without a final dot; nullopt when ACM would not take it as a certificate's name.
std::optional<std::string> normal_domain(std::string_view name);

// The first name and the others, each once, in the order given. Error: the sentence ACM refuses
// with.
Result<std::vector<std::string>> all_names(const std::string& first,
                                           const std::vector<std::string>& others);

// nullopt: ACM does not make keys of this kind.
std::optional<net::KeyKind> key_kind(std::string_view algorithm);

std::string arn_of(const Certificate& certificate);
struct ArnParts {
    std::string region, account, id;
};
std::optional<ArnParts> parse_arn(std::string_view arn);

bool all_validated(const Certificate& certificate);
// Takes what issuing made into the record: ISSUED, with the certificate's own facts.
void put_issued(Certificate& record, const net::CertificateFacts& facts);

}  // namespace unkai::services::acm
