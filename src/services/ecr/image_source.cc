#include "services/ecr/image_source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "services/ecr/registry.h"

namespace unkai::services::ecr {

using planes::containers::ImageReference;
using planes::containers::parse_reference;

namespace {

struct Place {
    std::string account, region;
    ImageReference reference;
};

Unexpected cannot_pull(const std::string& reference, const std::string& why) {
    return fail("CannotPullContainerError",
                "CannotPullContainerError: pull image manifest of " + reference + " failed: " + why,
                404);
}

Result<Place> locate(const std::string& text) {
    auto reference = parse_reference(text);
    if (!reference) return cannot_pull(text, reference.error().message);
    const auto registry =
        parse_registry_host(std::string(split_once(reference->registry, ':').first));
    if (!registry)
        return cannot_pull(text,
                           "only this machine's own registry is reached. Push the image to a "
                           "repository (aws ecr create-repository; unkai image push) and name it "
                           "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>");
    return Place{registry->first, registry->second, std::move(*reference)};
}

// A manifest as a file to read from.
Result<Fd> file_of(const std::string& text) {
    Fd file(::memfd_create("manifest", MFD_CLOEXEC));
    if (file.get() < 0 ||
        ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::lseek(file.get(), 0, SEEK_SET) != 0)
        return fail("LayerStorage",
                    std::string("A manifest cannot be handed over: ") + std::strerror(errno));
    return file;
}

}  // namespace

Task<Result<std::string>> RegistrySource::resolve(std::string reference) {
    CO_TRY(const Place place, locate(reference));
    store::Txn txn = store_.begin();
    const std::string& name = place.reference.repository;
    if (!schema::repositories.has(txn, {place.account, place.region, name}))
        co_return cannot_pull(reference, "the repository " + name + " does not exist in " +
                                             place.account + "'s registry in " + place.region);
    std::string digest = place.reference.digest;
    if (digest.empty()) {
        const auto tag =
            schema::tags.get(txn, {place.account, place.region, name, place.reference.tag});
        if (!tag) co_return cannot_pull(reference, place.reference.tag + ": not found");
        digest = tag->digest;
    }
    if (!schema::images.has(txn, {place.account, place.region, name, digest}))
        co_return cannot_pull(reference, digest + ": not found");
    co_return digest;
}

Task<Result<Fd>> RegistrySource::open(std::string reference, std::string digest) {
    CO_TRY(const Place place, locate(reference));
    store::Txn txn = store_.begin();
    const auto key = std::tuple{place.account, place.region, place.reference.repository, digest};
    if (const auto image = schema::images.get(txn, key)) co_return file_of(image->manifest);
    if (!schema::layers.has(txn, key)) co_return cannot_pull(reference, digest + ": not found");
    co_return ecr_.files().open(digest);
}

}  // namespace unkai::services::ecr
