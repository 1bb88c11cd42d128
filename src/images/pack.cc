#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>

#include "images/hash.h"
#include "images/tree.h"
#include "rt/fd.h"

namespace unkai::images {

namespace {

constexpr int64_t time_stamp =
    315532800;  // 1980-01-01: the same for all, and nobody's zip is upset.
constexpr size_t block = 512;
constexpr int level = 3;

// Takes the tar's bytes, hashes them, packs them, hashes that, writes it.
class Sink {
public:
    explicit Sink(int file)
        : file_(file), packer_(ZSTD_createCCtx()), out_(ZSTD_CStreamOutSize(), '\0') {
        ZSTD_CCtx_setParameter(packer_, ZSTD_c_compressionLevel, level);
    }
    ~Sink() { ZSTD_freeCCtx(packer_); }
    Sink(const Sink&) = delete;

    Status write(std::string_view bytes) {
        tar_.add(bytes);
        return pack(bytes, ZSTD_e_continue);
    }
    Result<Packed> finish() {
        REQUIRE(write(std::string(2 * block, '\0')));
        REQUIRE(pack("", ZSTD_e_end));
        return Packed{.digest = "sha256:" + packed_.hex(),
                      .diff_id = "sha256:" + tar_.hex(),
                      .bytes = bytes_};
    }

private:
    Status pack(std::string_view bytes, ZSTD_EndDirective directive) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{out_.data(), out_.size(), 0};
            const size_t left = ZSTD_compressStream2(packer_, &out, &in, directive);
            if (ZSTD_isError(left)) return fail("LayerUnwritable", ZSTD_getErrorName(left));
            REQUIRE(store(std::string_view(out_.data(), out.pos)));
            if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return ok();
        }
    }
    Status store(std::string_view bytes) {
        packed_.add(bytes);
        bytes_ += static_cast<int64_t>(bytes.size());
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0)
                return fail("LayerUnwritable", std::string("A layer cannot be written: ") +
                                                   std::strerror(errno) + ".");
            bytes.remove_prefix(static_cast<size_t>(written));
        }
        return ok();
    }

    int file_;
    ZSTD_CCtx* packer_;
    std::string out_;
    Sha256 tar_, packed_;
    int64_t bytes_ = 0;
};

void put(std::string& header, size_t at, size_t size, std::string_view value) {
    header.replace(at, std::min(size, value.size()), value.substr(0, size));
}

void put_octal(std::string& header, size_t at, size_t size, int64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*llo", static_cast<int>(size - 1),
                  static_cast<long long>(value));
    put(header, at, size - 1, text);
}

// One ustar header. POSIX.1-2017, pax, "ustar Interchange Format".
std::string header_of(std::string_view path, const Entry& entry, char type, int64_t size) {
    std::string header(block, '\0');
    put(header, 0, 100, path);
    put_octal(header, 100, 8, entry.mode);
    put_octal(header, 108, 8, entry.user & 07777777);
    put_octal(header, 116, 8, entry.group & 07777777);
    put_octal(header, 124, 12, size);
    put_octal(header, 136, 12, time_stamp);
    put(header, 148, 8, "        ");
    header[156] = type;
    if (entry.kind == Entry::Kind::link) put(header, 157, 100, entry.content);
    put(header, 257, 8, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put_octal(header, 148, 7, sum);
    return header;
}

std::string padding(int64_t size) {
    return std::string((block - static_cast<size_t>(size) % block) % block, '\0');
}

// "30 path=…\n", where 30 counts itself.
std::string pax_record(std::string_view name, std::string_view value) {
    const size_t bare = name.size() + value.size() + 3;
    size_t size = bare + 1;
    while (std::to_string(size).size() + bare != size) ++size;
    return std::to_string(size) + " " + std::string(name) + "=" + std::string(value) + "\n";
}

// What ustar has no room for goes into an extended header before.
Status write_extended(Sink& sink, std::string_view path, const Entry& entry) {
    std::string records;
    if (path.size() > 100) records += pax_record("path", path);
    if (entry.kind == Entry::Kind::link && entry.content.size() > 100)
        records += pax_record("linkpath", entry.content);
    if (entry.user > 07777777) records += pax_record("uid", std::to_string(entry.user));
    if (entry.group > 07777777) records += pax_record("gid", std::to_string(entry.group));
    if (records.empty()) return ok();
    const auto size = static_cast<int64_t>(records.size());
    Entry extended;
    REQUIRE(sink.write(header_of("././@PaxHeader", extended, 'x', size)));
    return sink.write(records + padding(size));
}

Status write_file(Sink& sink, const std::string& path, const Entry& entry) {
    if (entry.source.empty()) {
        const auto size = static_cast<int64_t>(entry.content.size());
        REQUIRE(sink.write(header_of(path, entry, '0', size)));
        return sink.write(entry.content + padding(size));
    }
    const Fd file(::open(entry.source.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status;
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return fail("FileUnreadable",
                    entry.source + " cannot be read: " + std::strerror(errno) + ".");
    REQUIRE(sink.write(header_of(path, entry, '0', status.st_size)));
    std::string buffer(1 << 20, '\0');
    for (int64_t left = status.st_size; left > 0;) {
        const ssize_t got =
            ::read(file.get(), buffer.data(), std::min<size_t>(buffer.size(), left));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return fail("FileUnreadable",
                        entry.source + " changed while it was read. Build again.");
        REQUIRE(sink.write(std::string_view(buffer.data(), static_cast<size_t>(got))));
        left -= got;
    }
    return sink.write(padding(status.st_size));
}

}  // namespace

Result<Packed> pack(const Tree& tree, const std::string& path) {
    const Fd file(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    if (file.get() < 0)
        return fail("LayerUnwritable", path + " cannot be written: " + std::strerror(errno) + ".");
    Sink sink(file.get());
    for (const auto& [name, entry] : tree) {
        const bool folder = entry.kind == Entry::Kind::folder;
        const std::string full = folder ? name + "/" : name;
        REQUIRE(write_extended(sink, full, entry));
        if (entry.kind == Entry::Kind::file)
            REQUIRE(write_file(sink, full, entry));
        else
            REQUIRE(sink.write(header_of(full, entry, folder ? '5' : '2', 0)));
    }
    return sink.finish();
}

}  // namespace unkai::images
