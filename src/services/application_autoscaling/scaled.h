// What can be scaled, and how: ECS services and the readers of Aurora clusters, through their APIs.
#pragma once

#include "aws/client.h"
#include "rt/random.h"
#include "services/application_autoscaling/schema.h"

namespace unkai::services::application_autoscaling {

// Errors: ValidationException for what Unkai cannot scale.
Status check_target_name(const std::string& space, const std::string& resource,
                         const std::string& dimension);

class Scaled {
public:
    Scaled(aws::Client& client, Random& random) : client_(client), random_(random) {}

    struct Capacity {
        int32_t desired = 0;
        bool changeable = true;  // A cluster that is not available is left alone.
    };
    // Errors: ValidationException when there is no such resource.
    Task<Result<Capacity>> capacity(TargetName name);
    Task<Status> set(TargetName name, int32_t desired);

    static constexpr std::string_view reader_prefix = "application-autoscaling-";

private:
    Task<Result<Capacity>> service_capacity(TargetName name);
    Task<Result<Capacity>> reader_capacity(TargetName name);
    Task<Status> set_readers(TargetName name, int32_t desired);

    aws::Client& client_;
    Random& random_;
};

aws::Caller scaling_caller(const TargetName& name);

}  // namespace unkai::services::application_autoscaling
