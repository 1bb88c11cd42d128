// Documents → gateway: after every commit that touches apigatewayv2, the whole of it as one
// snapshot, on the stack of the commit, so that what was answered is in effect. A deployment's
// content is compiled once and kept.
//
//     Publisher publisher(store, {.gateway = gateway, .published = …});
//     publisher.start();
#pragma once

#include <functional>

#include "planes/gateway/gateway.h"
#include "store/store.h"

namespace unkai::services::apigatewayv2 {

struct PublisherSurroundings {
    planes::gateway::Gateway& gateway;
    std::function<void()> published;  // The gateway has a new snapshot. May be empty.
};

class Publisher {
public:
    Publisher(store::Store& store, PublisherSurroundings around)
        : store_(store), around_(std::move(around)) {}
    void start();
    void stop() { watch_.reset(); }

private:
    void publish();

    store::Store& store_;
    PublisherSurroundings around_;
    std::unique_ptr<store::Store::Watch> watch_;
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const planes::gateway::Content>>
        contents_;  // By API and deployment.
};

}  // namespace unkai::services::apigatewayv2
