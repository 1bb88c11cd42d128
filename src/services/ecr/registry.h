// The registry as docker, podman, skopeo and buildah speak to it: the OCI distribution API.
//
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
//     GET  /v2/                                     Basic authentication, user AWS, password a
//     token HEAD, GET /v2/<name>/blobs/<digest>           ranges; or ?token= of
//     GetDownloadUrlForLayer POST /v2/<name>/blobs/uploads/                ?digest= in one go,
//     ?mount=&from= from a neighbour PATCH, PUT, GET, DELETE /v2/<name>/blobs/uploads/<id> HEAD,
//     GET, PUT /v2/<name>/manifests/<tag or digest> GET  /v2/<name>/tags/list
// Bodies of layers stream to and from their files; nothing but a manifest is held in memory.
// What changes anything goes through the operations of Ecr, so both ways in have the same rules.
#pragma once

#include <set>

#include "aws/client.h"
#include "aws/front_door.h"
#include "services/ecr/ecr.h"
#include "services/ecr/token.h"

namespace unkai::services::ecr {

// "/v2/team/api/manifests/v1" in parts.
struct RegistryPath {
    enum class Kind { base, blob, upload, new_upload, manifest, tags, unknown };
    Kind kind = Kind::unknown;
    std::string repository;
    std::string reference;  // A digest, tag or upload id.
};
RegistryPath parse_registry_path(std::string_view path);

// Account and region of "<account>.dkr.ecr.<region>.…"; nullopt for other names.
std::optional<std::pair<std::string, std::string>> parse_registry_host(std::string_view host);

class Registry final : public aws::HostHandler {
public:
    Registry(Env& env, store::Store& store, Ecr& ecr, aws::Client& client)
        : env_(env), store_(store), ecr_(ecr), client_(client) {}

    // Its own host names, and on the plain ones what only a registry has; which registry is meant
    // there, the token says.
    bool wants(std::string_view host, std::string_view path) const override;
    Task<void> handle(net::Exchange& exchange) override;

private:
    struct Request;  // registry.cc

    std::optional<Token> authenticate(net::Exchange& exchange, std::string_view path);
    Task<Status> route(Request& request);
    // blobs.cc
    Task<Status> blob(Request& request);
    Task<Status> start_upload(Request& request);
    Task<Status> upload(Request& request);
    Task<Status> receive(Request& request, std::string id);
    Task<Status> complete(Request& request, std::string id, std::string digest);
    Task<Result<bool>> mount(Request& request, std::string from, std::string digest);
    // manifests.cc
    Task<Status> manifest(Request& request);
    Task<Status> put_manifest(Request& request);
    Task<Status> tags(Request& request);

    Env& env_;
    store::Store& store_;
    Ecr& ecr_;
    aws::Client& client_;
    std::set<std::string> receiving_;  // Uploads whose bytes arrive just now: one sender each.
};

}  // namespace unkai::services::ecr
