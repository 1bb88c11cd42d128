// Bodies in and out: received with their digests, kept inline or as blobs, sent by range.
#pragma once

#include "aws/call.h"
#include "services/s3/schema.h"
#include "store/blob/blobs.h"

namespace unkai::services::s3 {

struct Received {
    uint64_t size = 0;
    std::string md5;    // Raw.
    Checksum checksum;  // Of the algorithm asked for.
    Segment segment;    // segment.blob empty: the bytes are in `inline_bytes`.
    std::string inline_bytes;
};

struct Expectation {
    std::optional<std::string> content_md5;  // Base64.
    std::optional<Checksum> checksum;        // Given in a header.
    std::string algorithm;                   // To compute; empty: CRC64NVME, as S3 does by itself.
    uint64_t most = 0;
    bool may_be_inline = true;
};

// Reads the call's body to its end and checks it. Nothing is left on disk when it fails.
// Errors: EntityTooLarge, BadDigest, InvalidDigest, InvalidRequest, and those of the reader.
Task<Result<Received>> receive(aws::Call& call, store::Blobs& blobs, Expectation expected);
// The same for bytes that another object has (copies).
Task<Result<Received>> receive_from(aws::BodyReader& source, store::Blobs& blobs,
                                    Expectation expected);

// A reader of [first, first+length) of a body made of segments. Blobs are opened now, so that the
// object may be deleted meanwhile.
Task<Result<std::unique_ptr<aws::BodyReader>>> open_body(store::Blobs& blobs,
                                                         const std::vector<Segment>& segments,
                                                         std::string inline_bytes, uint64_t first,
                                                         uint64_t length);

}  // namespace unkai::services::s3
