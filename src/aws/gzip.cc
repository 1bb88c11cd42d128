#include "aws/gzip.h"

#include <zlib.h>

namespace unkai::aws {

namespace {

constexpr int gzip_only = 15 + 16;  // The largest window, with gzip's head and sum.

Unexpected no_gzip() {
    return fail("SerializationException",
                "The body is not the gzip data that its Content-Encoding announces.", 400);
}

// Ends the stream on every way out.
class Inflation {
public:
    Inflation() { good_ = inflateInit2(&stream_, gzip_only) == Z_OK; }
    ~Inflation() {
        if (good_) inflateEnd(&stream_);
    }
    Inflation(const Inflation&) = delete;
    bool good() const { return good_; }
    z_stream& stream() { return stream_; }

private:
    z_stream stream_{};
    bool good_ = false;
};

}  // namespace

Result<std::string> gunzip(std::string_view compressed, uint64_t most) {
    constexpr size_t piece_size = 64 * 1024;
    Inflation inflation;
    if (!inflation.good()) return no_gzip();
    z_stream& stream = inflation.stream();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string out;
    int done = Z_OK;
    while (done != Z_STREAM_END) {
        const size_t before = out.size();
        out.resize(before + piece_size);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = piece_size;
        done = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
        if (done != Z_OK && done != Z_STREAM_END) return no_gzip();
        if (out.size() > most)
            return fail("RequestEntityTooLarge",
                        "The request body holds more than " + std::to_string(most) +
                            " bytes when decompressed.",
                        413);
        if (done == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) return no_gzip();
    }
    if (stream.avail_in != 0) return no_gzip();
    return out;
}

}  // namespace unkai::aws
