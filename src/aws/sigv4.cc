#include "aws/sigv4.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "aws/sha256.h"
#include "base/strings.h"

namespace unkai::aws::sigv4 {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr int64_t most_skew = 15 * 60;
constexpr int64_t longest_expiry = 604800;
constexpr const char* empty_hash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::optional<std::string_view> header(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers)
        if (equals_ignoring_case(key, name)) return value;
    return std::nullopt;
}

struct Parameter {
    std::string name;  // Decoded.
    std::string value;
};

std::vector<Parameter> parameters(std::string_view query) {
    std::vector<Parameter> out;
    if (query.empty()) return out;
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const auto [name, value] = split_once(part, '=');
        // What cannot be decoded is signed as it stands.
        out.push_back({percent_decode(name, true).value_or(std::string(name)),
                       percent_decode(value, true).value_or(std::string(value))});
    }
    return out;
}

// The next part up to the separator; `rest` goes on behind it.
std::string_view next_part(std::string_view& rest, char separator) {
    const auto [part, after] = split_once(rest, separator);
    rest = after;
    return part;
}

void append_scope(std::string& out, const Claim& claim) {
    for (const std::string_view part : {claim.date, claim.region, claim.service})
        out.append(part).append(1, '/');
    out += "aws4_request";
}

std::string scope(const Claim& claim) {
    std::string out;
    append_scope(out, claim);
    return out;
}

Unexpected incomplete(std::string message) {
    return fail("IncompleteSignature", std::move(message), 403);
}

Status parse_scope(std::string_view credential, Claim& claim) {
    // The access key may hold slashes in theory; the scope is the last four parts.
    std::array<std::string_view, 4> parts;
    std::string_view rest = credential;
    bool complete = true;
    for (size_t i = parts.size(); i-- > 0;) {
        const size_t slash = rest.rfind('/');
        complete &= slash != rest.npos;
        if (!complete) break;
        parts[i] = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
    }
    if (!complete || parts[3] != "aws4_request")
        return incomplete("'" + std::string(credential) +
                          "' is not a valid Credential: it must be "
                          "<access key>/<date>/<region>/<service>/aws4_request.");
    claim.date = parts[0];
    claim.region = parts[1];
    claim.service = parts[2];
    claim.access_key_id = rest;
    return ok();
}

Status parse_time(std::string_view text, Claim& claim) {
    auto time = parse_iso8601(text);
    if (!time) time = parse_http_date(text);
    if (!time)
        return incomplete("Date must be in ISO-8601 'basic format'. Got '" + std::string(text) +
                          "'.");
    claim.time = *time;
    const bool basic = text.size() == 16 && text[8] == 'T' && text[15] == 'Z';
    claim.timestamp = basic ? text : claim.keep(basic_iso8601(*time));
    if (!claim.timestamp.starts_with(claim.date))
        return fail("SignatureDoesNotMatch",
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                    "date from HTTP: '" +
                        std::string(claim.date) + "' != '" +
                        std::string(claim.timestamp.substr(0, 8)) + "', from '" +
                        std::string(claim.timestamp) + "'.",
                    403);
    return ok();
}

Result<Claim> parse_header_form(const Request& request, std::string_view value) {
    Claim claim;
    value.remove_prefix(algorithm.size());
    bool credential = false;
    for (std::string_view rest = value; !rest.empty();) {
        const std::string_view part = next_part(rest, ',');
        const auto [name, text] = split_once(trim(part), '=');
        if (name == "Credential") {
            REQUIRE(parse_scope(text, claim));
            credential = true;
        } else if (name == "SignedHeaders") {
            claim.signed_headers = text;
        } else if (name == "Signature") {
            claim.signature = text;
        }
    }
    if (!credential)
        return incomplete("Authorization header requires 'Credential' parameter. Authorization=" +
                          std::string(trim(value)));
    if (claim.signature.empty())
        return incomplete("Authorization header requires 'Signature' parameter.");
    if (claim.signed_headers.empty())
        return incomplete("Authorization header requires 'SignedHeaders' parameter.");
    const auto amz_date = header(request, "x-amz-date");
    const auto date = amz_date ? amz_date : header(request, "date");
    if (!date)
        return incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    REQUIRE(parse_time(*date, claim));
    claim.session_token = header(request, "x-amz-security-token").value_or("");
    return claim;
}

Result<Claim> parse_query_form(const Request& request) {
    Claim claim;
    claim.presigned = true;
    std::string_view date, credential;
    const std::pair<std::string_view, std::string_view*> wanted[] = {
        {"X-Amz-Credential", &credential},
        {"X-Amz-SignedHeaders", &claim.signed_headers},
        {"X-Amz-Signature", &claim.signature},
        {"X-Amz-Date", &date},
        {"X-Amz-Security-Token", &claim.session_token}};
    for (auto& [name, value] : parameters(request.query)) {
        const auto found =
            std::ranges::find(wanted, name, [](const auto& one) { return one.first; });
        if (found != std::end(wanted))
            *found->second = claim.keep(std::move(value));
        else if (name == "X-Amz-Expires") {
            claim.expires = parse_int(value);
            if (!claim.expires || *claim.expires < 0 || *claim.expires > longest_expiry)
                return fail("AuthorizationQueryParametersError",
                            "X-Amz-Expires must be a number of seconds from 0 to 604800 (a week).",
                            400);
        }
    }
    if (credential.empty() || claim.signed_headers.empty() || claim.signature.empty() ||
        date.empty() || !claim.expires)
        return fail(
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            400);
    REQUIRE(parse_scope(credential, claim));
    REQUIRE(parse_time(date, claim));
    return claim;
}

// RFC 3986 dot segments and empty segments removed.
std::string normalize_path(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..")
            kept.push_back(part);
        else if (!kept.empty())
            kept.pop_back();
    }
    std::string out;
    for (const auto part : kept) out.append("/").append(part);
    const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if (out.empty() || (folder && !out.ends_with('/'))) out += '/';
    return out;
}

std::string canonical_path(std::string_view path, bool normalize) {
    if (path.empty() || path == "/") return "/";
    if (!normalize) {
        // S3: decoded once and encoded once, slashes kept as they are.
        const auto decoded = percent_decode(path);
        return percent_encode(decoded.value_or(std::string(path)), "/");
    }
    return percent_encode(normalize_path(path), "/");
}

std::string canonical_query(const Request& request, bool presigned) {
    if (request.query.empty()) return {};
    std::vector<std::pair<std::string, std::string>> encoded;
    for (const auto& [name, value] : parameters(request.query))
        if (!presigned || name != "X-Amz-Signature")
            encoded.emplace_back(percent_encode(name), percent_encode(value));
    std::sort(encoded.begin(), encoded.end());
    std::string out;
    for (const auto& [name, value] : encoded) {
        if (!out.empty()) out += '&';
        out += name;
        out += '=';
        out += value;
    }
    return out;
}

// Trimmed, with runs of spaces folded into one.
void append_folded(std::string& out, std::string_view value) {
    const auto is_blank = [](char c) {
        return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r');
    };
    value = trim(value);
    while (!value.empty()) {
        size_t end = 0;  // Of a piece that stays as it is: words with one space in between.
        while (end < value.size() &&
               (!is_blank(value[end]) || (value[end] == ' ' && !is_blank(value[end + 1]))))
            ++end;
        out += value.substr(0, end);
        if (end == value.size()) return;
        out += ' ';
        while (is_blank(value[end])) ++end;
        value.remove_prefix(end);
    }
}

void append_canonical_headers(std::string& out, const Request& request, const Claim& claim) {
    for (std::string_view rest = claim.signed_headers; !rest.empty();) {
        const std::string_view name = next_part(rest, ';');
        out += to_lower(name);
        out += ':';
        bool first = true;
        for (const auto& [key, value] : request.headers) {
            if (!equals_ignoring_case(key, name)) continue;
            if (!first) out += ',';
            first = false;
            append_folded(out, value);
        }
        out += '\n';
    }
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return std::string(hex_of(sha256(bytes)).view()); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    const Digest digest = hmac(key, bytes);
    return {digest.data(), digest.size()};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Request request_of(const wire::RequestHead& head) {
    Request request{head.method, head.path, head.query, {}};
    request.headers.reserve(head.headers.size());
    for (const auto& field : head.headers) request.headers.emplace_back(field.name, field.value);
    return request;
}

Form form_of(const Request& request) {
    if (const auto value = header(request, "authorization"); value && value->starts_with(algorithm))
        return Form::header;
    for (std::string_view rest = request.query; !rest.empty();)
        if (const auto part = next_part(rest, '&');
            part.starts_with("X-Amz-Algorithm=") || part.starts_with("X-Amz-Credential="))
            return Form::query;
    return Form::none;
}

Result<Claim> parse(const Request& request) {
    const auto value = header(request, "authorization");
    if (value && value->starts_with(algorithm)) return parse_header_form(request, *value);
    return parse_query_form(request);
}

std::string canonical_request(const Request& request, const Claim& claim,
                              std::string_view payload_hash, bool normalize) {
    std::string out;
    out.reserve(1024);
    out += request.method;
    out += '\n';
    out += canonical_path(request.path, normalize);
    out += '\n';
    out += canonical_query(request, claim.presigned);
    out += '\n';
    append_canonical_headers(out, request, claim);
    out += '\n';
    out += claim.signed_headers;
    out += '\n';
    out += payload_hash;
    return out;
}

std::string string_to_sign(const Claim& claim, std::string_view canonical) {
    std::string out;
    out.reserve(192);
    out.append(algorithm).append(1, '\n').append(claim.timestamp).append(1, '\n');
    append_scope(out, claim);
    out.append(1, '\n').append(hex_of(sha256(canonical)).view());
    return out;
}

std::string signing_key(std::string_view secret, const Claim& claim) {
    std::string key = hmac_sha256("AWS4" + std::string(secret), claim.date);
    key = hmac_sha256(key, claim.region);
    key = hmac_sha256(key, claim.service);
    return hmac_sha256(key, "aws4_request");
}

std::string signature(std::string_view key, std::string_view text) {
    return std::string(hex_of(hmac(key, text)).view());
}

static Status check_time(const Claim& claim, Time now) {
    const int64_t age = whole_seconds(now) - whole_seconds(claim.time);
    if (claim.presigned) {
        if (age < -most_skew) return fail("AccessDenied", "Request is not yet valid", 403);
        if (age > *claim.expires) return fail("AccessDenied", "Request has expired", 403);
        return ok();
    }
    if (age > most_skew || age < -most_skew)
        return fail("RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large: "
                    "the request says " +
                        std::string(claim.timestamp) + ", this machine's clock says " +
                        basic_iso8601(now) + ".",
                    403);
    return ok();
}

Status check_signed_headers(const Request& request, const Claim& claim) {
    const auto is_signed = [&](std::string_view name) {
        for (std::string_view rest = claim.signed_headers; !rest.empty();)
            if (equals_ignoring_case(next_part(rest, ';'), name)) return true;
        return false;
    };
    if (!is_signed("host") && !is_signed(":authority"))
        return fail("SignatureDoesNotMatch",
                    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
                    403);
    for (const auto& [name, value] : request.headers) {
        if (!equals_ignoring_case(name.substr(0, 6), "x-amz-") || claim.presigned) continue;
        if (!is_signed(name))
            return fail("AccessDenied",
                        "There were headers present in the request which were not signed: " +
                            to_lower(name),
                        403);
    }
    return ok();
}

Status verify(const Request& request, const Claim& claim, std::string_view secret,
              std::string_view payload_hash, bool normalize, Time now) {
    return verify_by_key(request, claim, signing_key(secret, claim), payload_hash, normalize, now);
}

Status verify_by_key(const Request& request, const Claim& claim, std::string_view key,
                     std::string_view payload_hash, bool normalize, Time now) {
    REQUIRE(check_time(claim, now));
    REQUIRE(check_signed_headers(request, claim));
    const std::string text =
        string_to_sign(claim, canonical_request(request, claim, payload_hash, normalize));
    if (equal_in_constant_time(hex_of(hmac(key, text)).view(), claim.signature)) return ok();
    return fail(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.",
        403);
}

ChunkSigner::ChunkSigner(std::string key, const Claim& claim)
    : key_(std::move(key)),
      timestamp_(claim.timestamp),
      scope_(scope(claim)),
      previous_(claim.signature) {}

bool ChunkSigner::accept_chunk(std::string_view chunk_sha256, std::string_view given) {
    const std::string text = "AWS4-HMAC-SHA256-PAYLOAD\n" + timestamp_ + '\n' + scope_ + '\n' +
                             previous_ + '\n' + empty_hash + '\n' + std::string(chunk_sha256);
    if (!equal_in_constant_time(signature(key_, text), given)) return false;
    previous_ = given;
    return true;
}

bool ChunkSigner::accept_trailer(std::string_view canonical_trailer, std::string_view given) {
    const std::string text = "AWS4-HMAC-SHA256-TRAILER\n" + timestamp_ + '\n' + scope_ + '\n' +
                             previous_ + '\n' + sha256_hex(canonical_trailer);
    return equal_in_constant_time(signature(key_, text), given);
}

std::string authorization(const Request& request, std::string_view access_key_id,
                          std::string_view secret, std::string_view region,
                          std::string_view service, std::string_view timestamp,
                          std::string_view payload_hash, bool normalize) {
    Claim claim;
    claim.access_key_id = access_key_id;
    claim.date = timestamp.substr(0, 8);
    claim.region = region;
    claim.service = service;
    claim.timestamp = timestamp;
    std::vector<std::string> names;
    for (const auto& [name, value] : request.headers) names.push_back(to_lower(name));
    std::sort(names.begin(), names.end());
    const std::string signed_headers = join(names, ";");
    claim.signed_headers = signed_headers;
    const std::string text =
        string_to_sign(claim, canonical_request(request, claim, payload_hash, normalize));
    return std::string(algorithm) + " Credential=" + std::string(access_key_id) + '/' +
           scope(claim) + ", SignedHeaders=" + signed_headers +
           ", Signature=" + signature(signing_key(secret, claim), text);
}

}  // namespace unkai::aws::sigv4
