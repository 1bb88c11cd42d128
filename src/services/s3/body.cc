#include "services/s3/body.h"

#include "base/strings.h"

namespace unkai::services::s3 {

namespace {

// The checksum that the client wants checked: from a header, or named by x-amz-trailer and come at
// the end.
std::optional<Checksum> from_trailers(const aws::BodyReader& body) {
    constexpr std::string_view prefix = "x-amz-checksum-";
    for (const auto& [name, value] : body.trailers())
        if (name.starts_with(prefix))
            return Checksum{to_upper(std::string_view(name).substr(prefix.size())), value};
    return std::nullopt;
}

Status check_digests(const Received& received, const Expectation& expected,
                     const std::optional<Checksum>& claimed) {
    if (expected.content_md5) {
        const auto md5 = from_base64(*expected.content_md5);
        if (!md5 || md5->size() != 16)
            return fail("InvalidDigest", "The Content-MD5 you specified is not valid.", 400);
        if (*md5 != received.md5)
            return fail("BadDigest",
                        "The Content-MD5 you specified did not match what we received.", 400);
    }
    if (claimed && claimed->value != received.checksum.value)
        return fail(
            "BadDigest",
            "The " + claimed->algorithm + " you specified did not match the calculated checksum.",
            400);
    return ok();
}

class RangeReader final : public aws::BodyReader {
public:
    struct Piece {
        std::unique_ptr<store::Blobs::Reader> blob;  // Null: inline.
        std::string bytes;
        uint64_t first, length;
    };
    RangeReader(std::vector<Piece> pieces, uint64_t length)
        : pieces_(std::move(pieces)), length_(length) {}

    Task<Result<std::string_view>> read() override {
        constexpr size_t most = 256 << 10;
        while (at_ < pieces_.size() && pieces_[at_].length == 0) ++at_;
        if (at_ == pieces_.size()) co_return std::string_view{};
        Piece& piece = pieces_[at_];
        const auto want = static_cast<size_t>(std::min<uint64_t>(most, piece.length));
        if (piece.blob == nullptr) {
            buffer_ = piece.bytes.substr(piece.first, want);
        } else {
            CO_TRY(buffer_, co_await piece.blob->read(piece.first, want));
            if (buffer_.size() != want)
                co_return fail("InternalError", "A body on disk is shorter than its record says.",
                               500);
        }
        piece.first += want;
        piece.length -= want;
        co_return std::string_view(buffer_);
    }
    std::optional<uint64_t> length() const override { return length_; }

private:
    std::vector<Piece> pieces_;
    uint64_t length_;
    size_t at_ = 0;
    std::string buffer_;
};

}  // namespace

Task<Result<Received>> receive_from(aws::BodyReader& source, store::Blobs& blobs,
                                    Expectation expected) {
    if (expected.algorithm.empty())
        expected.algorithm = expected.checksum ? expected.checksum->algorithm : "CRC64NVME";
    const auto md5 = make_digest("MD5");
    auto digest = make_digest(expected.algorithm);
    if (!digest)
        co_return fail("InvalidRequest",
                       "Unkai does not compute " + expected.algorithm +
                           " checksums; use CRC64NVME, CRC32C or SHA256.",
                       400);
    Received received;
    std::unique_ptr<store::Blobs::Writer> writer;
    while (true) {
        CO_TRY(const std::string_view piece, co_await source.read());
        if (piece.empty()) break;
        received.size += piece.size();
        if (received.size > expected.most)
            co_return fail("EntityTooLarge",
                           "Your proposed upload exceeds the maximum allowed size", 400);
        md5->update(piece);
        digest->update(piece);
        if (!writer && expected.may_be_inline &&
            received.inline_bytes.size() + piece.size() <= store::Blobs::inline_limit) {
            received.inline_bytes += piece;
            continue;
        }
        if (!writer) {
            CO_TRY(writer, co_await blobs.create());
            CO_REQUIRE(co_await writer->write(received.inline_bytes));
            received.inline_bytes.clear();
        }
        CO_REQUIRE(co_await writer->write(piece));
    }
    if (!writer && !expected.may_be_inline) {
        CO_TRY(writer, co_await blobs.create());
    }
    received.md5 = md5->finish();
    received.checksum = {expected.algorithm, base64(digest->finish())};
    auto claimed = expected.checksum ? expected.checksum : from_trailers(source);
    CO_REQUIRE(check_digests(received, expected, claimed));
    received.segment.size = received.size;
    if (writer) {
        CO_TRY(received.segment.blob, co_await writer->commit());
    }
    co_return received;
}

Task<Result<Received>> receive(aws::Call& call, store::Blobs& blobs, Expectation expected) {
    // The trailer's algorithm is announced by a header, so that it can be computed on the way.
    if (const auto announced = call.http.header("x-amz-trailer"); announced && !expected.checksum) {
        constexpr std::string_view prefix = "x-amz-checksum-";
        if (announced->starts_with(prefix))
            expected.algorithm = to_upper(announced->substr(prefix.size()));
    }
    if (!call.request_body) call.request_body = std::make_unique<aws::TextBody>("");
    const auto length = call.request_body->length();
    if (length && *length > expected.most)
        co_return fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                       400);
    co_return co_await receive_from(*call.request_body, blobs, std::move(expected));
}

Task<Result<std::unique_ptr<aws::BodyReader>>> open_body(store::Blobs& blobs,
                                                         const std::vector<Segment>& segments,
                                                         std::string inline_bytes, uint64_t first,
                                                         uint64_t length) {
    std::vector<RangeReader::Piece> pieces;
    uint64_t begin = 0;
    const uint64_t end = first + length;
    for (const Segment& segment : segments) {
        const uint64_t from = std::max(begin, first);
        const uint64_t to = std::min(begin + segment.size, end);
        if (from < to) {
            RangeReader::Piece piece{nullptr, {}, from - begin, to - from};
            if (segment.blob.empty()) {
                piece.bytes = inline_bytes;
            } else {
                CO_TRY(piece.blob, co_await blobs.open(segment.blob));
            }
            pieces.push_back(std::move(piece));
        }
        begin += segment.size;
    }
    co_return std::unique_ptr<aws::BodyReader>(
        std::make_unique<RangeReader>(std::move(pieces), length));
}

}  // namespace unkai::services::s3
