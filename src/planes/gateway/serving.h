// Inner types of Gateway, for its sources only.
#pragma once

#include "planes/gateway/gateway.h"

namespace unkai::planes::gateway {

struct Gateway::Target {
    const Api* api = nullptr;
    const Stage* stage = nullptr;
    std::string path, base_path;
    bool disabled = false;  // The API takes its custom domain names only.
};

struct Gateway::CachedVerdict {
    bool allowed_simply = false;
    bool simple = false;
    std::string policy, principal, usage_key;
    Texts context;
    wire::Json context_json = wire::Json::object();
    Steady until{};
};

struct Gateway::KeySet {
    std::shared_ptr<const wire::Json> keys;
    Steady until{};
};

}  // namespace unkai::planes::gateway
