// What containers ask at 169.254.170.2: the task metadata endpoint and the credentials of the task
// role.
//
// docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
//   GET /v4/<id>  /v4/<id>/task  /v4/<id>/stats  /v4/<id>/task/stats   (and the same under /v3/)
//   GET /v2/credentials/<id>
// The composition root listens on that address inside each VPC and asks answer(). An id belongs to
// one container and is not to be guessed; besides, a task gets only its own: `source` must be its
// address.
#pragma once

#include "services/ecs/engine.h"

namespace unkai::services::ecs {

struct MetadataAnswer {
    int status = 200;
    std::string body;  // application/json
};

class Metadata {
public:
    explicit Metadata(Engine& engine) : engine_(engine) {}
    // `source`: the address that the request came from, as text. Never fails: errors are answers.
    unkai::Task<MetadataAnswer> answer(std::string path, std::string source);

private:
    unkai::Task<MetadataAnswer> credentials(std::string id, std::string source);

    Engine& engine_;
};

}  // namespace unkai::services::ecs
