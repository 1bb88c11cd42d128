// A part of the program: one or a few services with the planes, background tasks and names that
// belong to them, put together in one file of src/parts. src/parts.h lists them all.
//
//     class Queues final : public Part { … };                             // src/parts/queues.cc
//     std::unique_ptr<Part> make_queues(const Surroundings& around) { return …; }
//
// The program calls, on the control loop: services() once; start() when the networks are up and
// every service can be called; stop() before the networks go; then the destructor, parts in reverse
// order. A part that cannot work on this machine logs why in start() and its operations say so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/service_info.h"
#include "rt/env.h"

namespace unkai {

class VpcEndpoints;
class OriginNames;
class TenantNetworks;
class Fargate;
namespace services::acm {
class LocalAuthority;
}
namespace aws {
class Client;
class Credentials;
class FrontDoor;
}  // namespace aws
namespace net {
class CertificateLookup;
}
namespace store {
class Store;
class Blobs;
}  // namespace store
namespace planes::dns {
class NameSource;
}
namespace planes::network {
class KernelNetwork;
}
namespace planes::containers {
class ImageSource;
}

// What parts may use. All of it lives longer than they do.
struct Surroundings {
    Env& env;
    store::Store& store;
    aws::Client& client;
    const aws::Credentials& credentials;
    aws::FrontDoor& front_door;               // add_host(): own host names on the API's port.
    planes::network::KernelNetwork& network;  // Namespaces, the internet's among them.
    VpcEndpoints& vpcs;                       // VPCs as they come and go.
    TenantNetworks& tenants;                  // Where execution environments stand.
    const OriginNames& public_names;          // What public DNS answers, for outgoing requests.
    net::CertificateLookup& certificates;     // ACM's, by host name.
    const services::acm::LocalAuthority& authority;           // For listeners of our own.
    std::shared_ptr<planes::containers::ImageSource> images;  // Those in ECR.
    std::string data_dir;  // Of the installation; a part makes its own folder.
    std::string run_dir;   // Likewise, gone after a reboot.
    std::string account;   // The installation's own.
    std::string region;
    std::string authority_pem;  // The local CA's certificate.
    std::string authority_path;
    uint16_t port = 0;  // The API's.
    std::vector<Loop*> data_loops;
    bool network_works = false;  // False: no root, no networks, no containers.
};

class Part {
public:
    virtual ~Part() = default;
    virtual std::vector<BoundService> services() = 0;
    // What public DNS answers for this part's own resources, if any.
    virtual planes::dns::NameSource* names() { return nullptr; }
    virtual Task<Status> start() { co_return ok(); }
    virtual Task<void> stop() { co_return; }
    // Before all state is cleared: nothing of the old state runs any more.
    virtual Task<void> reset() { co_return; }
    // After stop(): the machine has nothing of this part any more.
    virtual Task<Status> purge() { co_return ok(); }
    // What a person should know and can mend, a sentence each, for `unkai doctor` and `status`.
    virtual std::vector<std::string> findings() const { return {}; }
};

}  // namespace unkai
