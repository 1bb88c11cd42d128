// Code packages on disk, by their content: each kept once, and unpacked once.
//
//     CO_TRY(const StoredCode code, co_await codes.put(std::move(zip)));   // on disk, unpacked
//     CO_TRY(const std::string folder, co_await codes.folder(code.id));    // for the plane
//     codes.sweep(ids_in_use);
//
// <folder>/zip/<id> are the packages, fsync'ed before put() returns; what a record names is there
// after power loss. <folder>/unpacked/<boot>/<id> holds what is unpacked, complete or not there at
// all; it is not synced, so that a restart of the machine unpacks again. File work is done by
// Workers.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "rt/env.h"
#include "rt/event.h"
#include "services/lambda/schema.h"

namespace unkai::services::lambda {

class CodeStore {
public:
    CodeStore(Env& env, std::string folder);

    // Errors: unpack_zip()'s (package.h), ServiceException when the disk refuses.
    unkai::Task<Result<StoredCode>> put(std::string zip);
    // The unpacked package. Error: ServiceException when it is not there any more.
    unkai::Task<Result<std::string>> folder(std::string id);
    // The package's file.
    std::string zip_file(const std::string& id) const { return folder_ + "/zip/" + id; }
    // Removes packages that no record names, and what other boots unpacked. Not while put() runs:
    // then nothing is done.
    unkai::Task<void> sweep(std::set<std::string> keep);
    unkai::Task<void> purge();

private:
    struct Flight {
        Event done;
        std::optional<Result<int64_t>> unzipped;
    };
    unkai::Task<Result<int64_t>> unpack(std::string id);
    std::string unpacked(const std::string& id) const { return unpacked_ + "/" + id; }

    Env& env_;
    const std::string folder_, unpacked_;
    std::map<std::string, std::shared_ptr<Flight>> flights_;
    size_t putting_ = 0;
    std::set<std::string> fresh_;  // Put, and perhaps not yet in a record.
};

// The CodeSha256 of the API: base64 of the digest.
std::string code_sha256(const std::string& id);

}  // namespace unkai::services::lambda
