// AWS Signature Version 4: what is signed, and whether the signature holds. Pure; no clock, no keys
// kept.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// Header form, query (presigned) form, and the chunk signatures of aws-chunked uploads. Comparison
// takes the same time wherever the signatures differ. Errors bear AWS's codes: IncompleteSignature,
// InvalidSignatureException / SignatureDoesNotMatch, RequestTimeTooSkewed, AccessDenied (expired
// presigned).
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/http1.h"

namespace unkai::aws::sigv4 {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

struct Request {
    std::string_view method;
    std::string_view path;   // As sent, percent-encoded, without query.
    std::string_view query;  // As sent, without '?'.
    Headers headers;         // As sent; names in any case.
};

Request request_of(const wire::RequestHead& head);

// What a request claims about its signature: views of the request, which outlives it.
struct Claim {
    std::string_view access_key_id;
    std::string_view date;  // yyyymmdd
    std::string_view region;
    std::string_view service;
    std::string_view signed_headers;  // a;b;c
    std::string_view signature;
    Time time;                   // X-Amz-Date or Date
    std::string_view timestamp;  // The same, in the basic form.
    std::string_view session_token;
    std::optional<int64_t> expires;  // Seconds; only presigned.
    bool presigned = false;

    Claim() = default;
    Claim(Claim&&) = default;  // A copy's views would be those of the original.
    Claim& operator=(Claim&&) = default;
    // Holds what the request has in another form: decoded parameters, the time.
    std::string_view keep(std::string text) { return kept_.emplace_front(std::move(text)); }

private:
    std::forward_list<std::string> kept_;
};

enum class Form { none, header, query };
Form form_of(const Request& request);

// Reads the claim. Error IncompleteSignature names what is missing.
Result<Claim> parse(const Request& request);

// `normalize`: the path is normalized and encoded once more (all services but S3).
// `payload_hash`: hex SHA-256 of the body, or the x-amz-content-sha256 header's value.
std::string canonical_request(const Request& request, const Claim& claim,
                              std::string_view payload_hash, bool normalize);
std::string string_to_sign(const Claim& claim, std::string_view canonical_request);
std::string signing_key(std::string_view secret, const Claim& claim);
std::string signature(std::string_view signing_key, std::string_view string_to_sign);

// Checks time (15 minutes of skew; expiry of presigned requests) and signature.
Status verify(const Request& request, const Claim& claim, std::string_view secret,
              std::string_view payload_hash, bool normalize, Time now);

// The same by the key that signing_key made: it is the same for a day, and costs more than the
// rest.
Status verify_by_key(const Request& request, const Claim& claim, std::string_view signing_key,
                     std::string_view payload_hash, bool normalize, Time now);

// Whether `host` is signed, and every x-amz-* header that is there too, as AWS asks.
Status check_signed_headers(const Request& request, const Claim& claim);

// The chunks of STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER): each signature covers the one before.
class ChunkSigner {
public:
    ChunkSigner(std::string key, const Claim& claim);
    // By the chunk's hex SHA-256, so that a big chunk needs not be kept.
    bool accept_chunk(std::string_view chunk_sha256, std::string_view signature);
    bool accept_trailer(std::string_view canonical_trailer, std::string_view signature);

private:
    std::string key_;
    std::string timestamp_;
    std::string scope_;
    std::string previous_;
};

// Signs a request of our own (the command line, tests): returns the Authorization header's value.
// `headers` must hold host and x-amz-date; all of them are signed.
std::string authorization(const Request& request, std::string_view access_key_id,
                          std::string_view secret, std::string_view region,
                          std::string_view service, std::string_view timestamp,
                          std::string_view payload_hash, bool normalize);

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace unkai::aws::sigv4
