#include "aws/upload.h"

#include <openssl/evp.h>

#include "base/strings.h"

namespace unkai::aws {

namespace {

class Sha256 {
public:
    Sha256() : context_(::EVP_MD_CTX_new()) { reset(); }
    ~Sha256() { ::EVP_MD_CTX_free(context_); }
    Sha256(const Sha256&) = delete;
    void reset() { ::EVP_DigestInit_ex(context_, ::EVP_sha256(), nullptr); }
    void update(std::string_view bytes) {
        ::EVP_DigestUpdate(context_, bytes.data(), bytes.size());
    }
    std::string finish() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        ::EVP_DigestFinal_ex(context_, digest, &size);
        return hex({reinterpret_cast<char*>(digest), size});
    }

private:
    EVP_MD_CTX* context_;
};

Error broken_off(const Error& error) {
    if (error.is("ConnectionTimeout"))
        return {"RequestTimeout",
                "Your socket connection to the server was not read from or written to within the "
                "timeout period.",
                400,
                {}};
    return {"IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
            400,
            {}};
}

class PlainUpload final : public BodyReader {
public:
    PlainUpload(net::Exchange& exchange, std::string sha256)
        : exchange_(exchange), wanted_(std::move(sha256)) {}

    Task<Result<std::string_view>> read() override {
        auto piece = co_await exchange_.read();
        if (!piece) co_return broken_off(piece.error());
        if (wanted_.empty()) co_return *piece;
        if (!piece->empty())
            hash_.update(*piece);
        else if (!sigv4::equal_in_constant_time(hash_.finish(), wanted_))
            co_return fail(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400);
        co_return *piece;
    }
    std::optional<uint64_t> length() const override { return exchange_.body_length(); }

private:
    net::Exchange& exchange_;
    std::string wanted_;
    Sha256 hash_;
};

class ChunkedUpload final : public BodyReader {
public:
    ChunkedUpload(net::Exchange& exchange, ChunkedForm form)
        : exchange_(exchange), form_(std::move(form)) {}

    Task<Result<std::string_view>> read() override {
        while (true) {
            if (done_) co_return std::string_view{};
            if (left_ > 0) {
                if (waiting_.empty()) CO_REQUIRE(co_await more());
                const std::string_view piece = std::string_view(waiting_).substr(0, left_);
                left_ -= piece.size();
                decoded_ += piece.size();
                if (form_.signer) hash_.update(piece);
                given_.assign(piece);
                waiting_.erase(0, piece.size());
                co_return std::string_view(given_);
            }
            CO_REQUIRE(co_await next_chunk());
        }
    }
    std::optional<uint64_t> length() const override { return form_.decoded_length; }
    std::vector<std::pair<std::string, std::string>> trailers() const override { return trailers_; }

private:
    static constexpr size_t longest_line = 8192;

    Task<Status> more() {
        const auto piece = co_await exchange_.read();
        if (!piece) co_return broken_off(piece.error());
        if (piece->empty())
            co_return fail("IncompleteBody", "The request body terminated unexpectedly", 400);
        waiting_ += *piece;
        co_return ok();
    }

    Task<Result<std::string>> line() {
        size_t end;
        while ((end = waiting_.find("\r\n")) == std::string::npos) {
            if (waiting_.size() > longest_line)
                co_return fail("InvalidRequest", "A chunk's header line is too long.", 400);
            CO_REQUIRE(co_await more());
        }
        std::string out = waiting_.substr(0, end);
        waiting_.erase(0, end + 2);
        co_return out;
    }

    Status check_chunk() {
        if (!form_.signer || !chunk_signature_) return ok();
        const std::string hash = hash_.finish();
        hash_.reset();
        if (form_.signer->accept_chunk(hash, *chunk_signature_)) return ok();
        return fail("SignatureDoesNotMatch",
                    "A chunk's signature does not match what was computed.", 403);
    }

    // The end of the chunk before, and the head of the next one.
    Task<Status> next_chunk() {
        if (began_) {
            CO_TRY(const std::string end, co_await line());
            if (!end.empty())
                co_return fail("InvalidRequest", "A chunk is longer than its header says.", 400);
            CO_REQUIRE(check_chunk());
        }
        began_ = true;
        CO_TRY(const std::string head, co_await line());
        const auto [size_text, extension] = split_once(head, ';');
        const auto size = parse_uint(size_text, 16);
        if (!size)
            co_return fail("InvalidRequest", "A chunk's size is not a hexadecimal number.", 400);
        chunk_signature_.reset();
        if (extension.starts_with("chunk-signature=")) chunk_signature_ = extension.substr(16);
        if (form_.signer && !chunk_signature_)
            co_return fail("SignatureDoesNotMatch", "A chunk has no signature.", 403);
        left_ = *size;
        if (left_ == 0) co_return co_await finish();
        if (form_.decoded_length && decoded_ + left_ > *form_.decoded_length)
            co_return fail("IncompleteBody",
                           "The chunks hold more bytes than x-amz-decoded-content-length says.",
                           400);
        co_return ok();
    }

    Task<Status> finish() {
        CO_REQUIRE(check_chunk());
        std::string canonical;
        std::string signature;
        while (true) {
            CO_TRY(const std::string text, co_await line());
            if (text.empty()) break;
            const auto [name, value] = split_once(text, ':');
            const std::string lower = to_lower(trim(name));
            if (lower == "x-amz-trailer-signature") {
                signature = trim(value);
            } else {
                canonical += lower + ':' + std::string(trim(value)) + '\n';
                trailers_.emplace_back(lower, trim(value));
            }
            if (trailers_.size() > 16)
                co_return fail("InvalidRequest", "The body has too many trailers.", 400);
        }
        if (form_.signer && form_.trailer && !form_.signer->accept_trailer(canonical, signature))
            co_return fail("SignatureDoesNotMatch",
                           "The trailer's signature does not match what was computed.", 403);
        if (form_.decoded_length && decoded_ != *form_.decoded_length)
            co_return fail("IncompleteBody",
                           "The chunks hold fewer bytes than x-amz-decoded-content-length says.",
                           400);
        done_ = true;
        co_return ok();
    }

    net::Exchange& exchange_;
    ChunkedForm form_;
    Sha256 hash_;
    std::string waiting_;  // Read, not decoded yet.
    std::string given_;    // What the last read() handed out.
    uint64_t left_ = 0;    // Of the chunk under way.
    uint64_t decoded_ = 0;
    std::optional<std::string> chunk_signature_;
    bool began_ = false;
    bool done_ = false;
    std::vector<std::pair<std::string, std::string>> trailers_;
};

}  // namespace

std::unique_ptr<BodyReader> plain_upload(net::Exchange& exchange, std::string sha256) {
    return std::make_unique<PlainUpload>(exchange, std::move(sha256));
}

std::unique_ptr<BodyReader> chunked_upload(net::Exchange& exchange, ChunkedForm form) {
    return std::make_unique<ChunkedUpload>(exchange, std::move(form));
}

}  // namespace unkai::aws
