#include "planes/cdn/compress.h"

#include <brotli/encode.h>
#include <zlib.h>

namespace unkai::planes::cdn {

static std::optional<std::string> gzip(std::string_view body) {
    constexpr int level = 6;
    constexpr int gzip_window = 15 + 16;
    z_stream stream{};
    if (::deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return std::nullopt;
    std::string out(::deflateBound(&stream, body.size()), '\0');
    stream.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib only reads it.
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (ended != Z_STREAM_END) return std::nullopt;
    return out;
}

static std::optional<std::string> brotli(std::string_view body) {
    constexpr int quality = 5;
    size_t size = ::BrotliEncoderMaxCompressedSize(body.size());
    std::string out(size, '\0');
    const auto* from = reinterpret_cast<const uint8_t*>(body.data());
    if (::BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(), from,
                                &size, reinterpret_cast<uint8_t*>(out.data())) == BROTLI_FALSE)
        return std::nullopt;
    out.resize(size);
    return out;
}

std::optional<std::string> compress(Coding coding, std::string_view body) {
    auto out = coding == Coding::gzip     ? gzip(body)
               : coding == Coding::brotli ? brotli(body)
                                          : std::nullopt;
    if (out && out->size() >= body.size()) return std::nullopt;
    return out;
}

}  // namespace unkai::planes::cdn
