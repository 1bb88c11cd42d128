// Images of this registry for the container plane, without a copy and without HTTP: layers are
// opened where they lie. References are as task definitions have them:
// "<account>.dkr.ecr.<region>.amazonaws.com/team/api:v1", or with any other domain, or with a
// digest. Error "CannotPullContainerError" in ECS's words when the image is not there.
#pragma once

#include "planes/containers/image_store.h"
#include "services/ecr/ecr.h"

namespace unkai::services::ecr {

class RegistrySource final : public planes::containers::ImageSource {
public:
    RegistrySource(store::Store& store, Ecr& ecr) : store_(store), ecr_(ecr) {}

    Task<Result<std::string>> resolve(std::string reference) override;
    Task<Result<Fd>> open(std::string reference, std::string digest) override;

private:
    store::Store& store_;
    Ecr& ecr_;
};

}  // namespace unkai::services::ecr
