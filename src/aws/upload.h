// Request bodies of operations that stream: read from the exchange, with what their form promises
// checked on the way: the signed SHA-256 of the whole, or the signatures of aws-chunked pieces, and
// the trailers.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
// An error at the end (wrong hash, wrong signature, wrong length) comes from the last read(): an
// operation that reads to the end before it commits cannot store what was tampered with. Errors:
// XAmzContentSHA256Mismatch, SignatureDoesNotMatch, IncompleteBody, InvalidRequest, RequestTimeout.
#pragma once

#include <memory>
#include <string>

#include "aws/call.h"
#include "aws/sigv4.h"
#include "net/server.h"

namespace unkai::aws {

// As sent, no transfer form: Content-Length bytes. `sha256`: hex, or empty when unsigned.
std::unique_ptr<BodyReader> plain_upload(net::Exchange& exchange, std::string sha256);

struct ChunkedForm {
    std::optional<sigv4::ChunkSigner> signer;  // Empty: STREAMING-UNSIGNED-PAYLOAD-TRAILER.
    bool trailer = false;
    std::optional<uint64_t> decoded_length;  // x-amz-decoded-content-length
};
std::unique_ptr<BodyReader> chunked_upload(net::Exchange& exchange, ChunkedForm form);

}  // namespace unkai::aws
