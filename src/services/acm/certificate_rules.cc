#include "services/acm/certificate_rules.h"

#include <openssl/sha.h>

#include "api/acm.h"
#include "base/strings.h"
#include "services/acm/limits.h"

namespace unkai::services::acm {

namespace status = api::acm::certificate_status;

namespace {

std::string digest(std::string_view text) {
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes);
    return hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

bool good_label(std::string_view label) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
        return false;
    return std::ranges::all_of(
        label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Domain validation_of(std::string_view account, std::string_view name) {
    const std::string_view base = name.starts_with("*.") ? name.substr(2) : name;
    const std::string seed = std::string(account) + "/" + std::string(base);
    const std::string zone = digest("zone/" + std::string(account)).substr(0, 10);
    return {
        .name = std::string(name),
        .record_name = "_" + digest("name/" + seed).substr(0, 32) + "." + std::string(base) + ".",
        .record_value =
            "_" + digest("value/" + seed).substr(0, 32) + "." + zone + ".acm-validations.aws."};
}

std::optional<std::string> normal_domain(std::string_view name) {
    std::string out = to_lower(name);
    if (out.ends_with('.')) out.pop_back();
    std::string_view rest = out;
    if (rest.starts_with("*.")) rest.remove_prefix(2);
    const auto labels = split(rest, '.');
    if (out.size() > 253 || labels.size() < 2 || !std::ranges::all_of(labels, good_label))
        return std::nullopt;
    return out;
}

Result<std::vector<std::string>> all_names(const std::string& first,
                                           const std::vector<std::string>& others) {
    std::vector<std::string> out;
    std::vector<std::string> given = others;
    given.insert(given.begin(), first);
    for (const std::string& name : given) {
        auto normal = normal_domain(name);
        if (!normal)
            return fail("InvalidDomain", "'" + name + "' is not a valid domain name.", 400);
        if (std::ranges::find(out, *normal) == out.end()) out.push_back(std::move(*normal));
    }
    if (out[0].size() > limits::common_name)
        return fail("InvalidDomain", "The first domain name can be no longer than 64 bytes.", 400);
    return out;
}

std::optional<net::KeyKind> key_kind(std::string_view algorithm) {
    using net::KeyKind;
    namespace name = api::acm::key_algorithm;
    if (algorithm == name::ec_prime256v1) return KeyKind::ec_p256;
    if (algorithm == name::ec_secp384r1) return KeyKind::ec_p384;
    if (algorithm == name::ec_secp521r1) return KeyKind::ec_p521;
    if (algorithm == name::rsa_2048) return KeyKind::rsa_2048;
    if (algorithm == name::rsa_3072) return KeyKind::rsa_3072;
    if (algorithm == name::rsa_4096) return KeyKind::rsa_4096;
    return std::nullopt;
}

std::string arn_of(const Certificate& one) {
    return "arn:aws:acm:" + one.region + ":" + one.account + ":certificate/" + one.id;
}

std::optional<ArnParts> parse_arn(std::string_view arn) {
    const auto parts = split(arn, ':');
    constexpr std::string_view kind = "certificate/";
    if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "acm" || !parts[5].starts_with(kind))
        return std::nullopt;
    return ArnParts{std::string(parts[3]), std::string(parts[4]),
                    std::string(parts[5].substr(kind.size()))};
}

bool all_validated(const Certificate& one) {
    return std::ranges::all_of(one.domains, [](const Domain& domain) { return domain.validated; });
}

void put_issued(Certificate& record, const net::CertificateFacts& facts) {
    record.status = std::string(status::issued);
    record.serial = facts.serial;
    record.subject = facts.subject;
    record.issuer = facts.issuer_organization;
    record.key_algorithm = facts.key_algorithm;
    record.signature_algorithm = facts.signature_algorithm;
    record.not_before = facts.not_before;
    record.not_after = facts.not_after;
}

}  // namespace unkai::services::acm
