#include "aws/sigv2.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace unkai::aws::sigv2 {

namespace {

// The parts of the query that are signed, in this order.
constexpr std::string_view signed_names[] = {"acl",
                                             "cors",
                                             "delete",
                                             "lifecycle",
                                             "location",
                                             "logging",
                                             "notification",
                                             "partNumber",
                                             "policy",
                                             "requestPayment",
                                             "response-cache-control",
                                             "response-content-disposition",
                                             "response-content-encoding",
                                             "response-content-language",
                                             "response-content-type",
                                             "response-expires",
                                             "tagging",
                                             "torrent",
                                             "uploadId",
                                             "uploads",
                                             "versionId",
                                             "versioning",
                                             "versions",
                                             "website"};

std::map<std::string, std::optional<std::string>> parameters(std::string_view query) {
    std::map<std::string, std::optional<std::string>> out;
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const auto [name, value] = split_once(part, '=');
        const bool has_value = part.find('=') != std::string_view::npos;
        out[percent_decode(name, true).value_or(std::string(name))] =
            has_value ? percent_decode(value, true).value_or(std::string(value))
                      : std::optional<std::string>();
    }
    return out;
}

std::string string_to_sign(const sigv4::Request& request, std::string_view path,
                           const Claim& claim) {
    std::string md5;
    std::string type;
    std::map<std::string, std::string> amz;
    for (const auto& [name, value] : request.headers) {
        const std::string lower = to_lower(name);
        if (lower == "content-md5") md5 = value;
        if (lower == "content-type") type = value;
        if (lower.starts_with("x-amz-"))
            amz[lower] += (amz[lower].empty() ? "" : ",") + std::string(trim(value));
    }
    std::string resource(path);
    char separator = '?';
    const auto given = parameters(request.query);
    if (const auto token = given.find("x-amz-security-token");
        token != given.end() && token->second)
        amz["x-amz-security-token"] = *token->second;
    for (const std::string_view name : signed_names) {
        const auto found = given.find(std::string(name));
        if (found == given.end()) continue;
        resource += separator + std::string(name);
        if (found->second) resource += '=' + *found->second;
        separator = '&';
    }
    std::string out = std::string(request.method) + '\n' + md5 + '\n' + type + '\n' +
                      std::to_string(claim.expires) + '\n';
    for (const auto& [name, value] : amz) out += name + ':' + value + '\n';
    return out + resource;
}

}  // namespace

std::optional<Claim> parse(const sigv4::Request& request) {
    if (request.query.find("AWSAccessKeyId=") == std::string_view::npos) return std::nullopt;
    const auto given = parameters(request.query);
    const auto text = [&](const char* name) {
        const auto found = given.find(name);
        return found == given.end() ? std::string() : found->second.value_or("");
    };
    const auto expires = parse_int(text("Expires"));
    if (!expires || text("Signature").empty()) return std::nullopt;
    return Claim{text("AWSAccessKeyId"), text("Signature"), *expires, text("x-amz-security-token")};
}

Status verify(const sigv4::Request& request, std::string_view path, const Claim& claim,
              std::string_view secret, Time now) {
    if (whole_seconds(now) > claim.expires) return fail("AccessDenied", "Request has expired", 403);
    const std::string text = string_to_sign(request, path, claim);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    ::HMAC(::EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    if (sigv4::equal_in_constant_time(base64({reinterpret_cast<char*>(digest), size}),
                                      claim.signature))
        return ok();
    return fail("SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                403);
}

}  // namespace unkai::aws::sigv2
