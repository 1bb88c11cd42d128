// Blobs: big immutable bodies as files beside the store (object bodies, image layers, code
// packages).
//
//     CO_TRY(auto writer, blobs.create());
//     CO_REQUIRE(co_await writer->write(piece)); …
//     CO_TRY(const BlobId id, co_await writer->commit());   // on disk, fsync'ed
//     …  put the id into a record and commit that; on any failure blobs.erase(id)
//
// A blob's name is random: nothing that a client says becomes a path. A blob that no record names
// (a crash came between) is removed by sweep() at start. Bodies up to `inline_limit` belong into
// the record itself, where they share the store's sync. File work happens on Workers; the loop
// never waits for the disk. Errors: StoreUnavailable (disk full, I/O error), NoSuchBlob.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "rt/env.h"

namespace unkai::store {

using BlobId = std::string;  // 32 hex digits.

class Blobs {
public:
    static constexpr size_t inline_limit = 16 << 10;

    // Makes the directory at first use.
    Blobs(Env env, std::string directory) : env_(env), directory_(std::move(directory)) {}

    class Writer {
    public:
        virtual ~Writer() = default;  // Without commit(): the bytes are removed.
        virtual Task<Status> write(std::string_view bytes) = 0;
        virtual uint64_t size() const = 0;
        virtual Task<Result<BlobId>> commit() = 0;
    };
    Task<Result<std::unique_ptr<Writer>>> create();

    // Reading: an open file survives erase().
    class Reader {
    public:
        virtual ~Reader() = default;
        virtual uint64_t size() const = 0;
        // Up to `most` bytes (at most 1 MiB) from `offset`; fewer only at the end.
        virtual Task<Result<std::string>> read(uint64_t offset, size_t most) = 0;
        virtual int file() const = 0;  // For sendfile.
    };
    Task<Result<std::unique_ptr<Reader>>> open(const BlobId& id);

    // Not durable by itself: after a crash sweep() finds what is left.
    Task<void> erase(BlobId id);
    Task<Status> erase_all();
    // Removes every blob that is not in `alive`, and unfinished ones. At start, before others
    // write.
    Task<Status> sweep(std::set<BlobId> alive);

    // Where a blob lies; for those who hand it to another program (unpacking a layer).
    std::string path(const BlobId& id) const;

private:
    Env env_;
    std::string directory_;
};

}  // namespace unkai::store
