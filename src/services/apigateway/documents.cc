#include "services/apigateway/documents.h"

#include "base/strings.h"

namespace unkai::services::apigateway {

void erase_scope(aws::Call& call, const std::string& scope) {
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, scope))
        schema::documents.erase(call.txn(), key);
}

void erase_kind(aws::Call& call, const std::string& scope, const char* kind) {
    for (const auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, scope, kind))
        schema::documents.erase(call.txn(), key);
}

Result<RestApi> find_rest_api(aws::Call& call, const std::string& id) {
    auto found = load<RestApi>(call, "", kind::api, id);
    if (!found)
        return errors::NotFoundException("Invalid API identifier specified " + call.account + ":" +
                                         id);
    return *std::move(found);
}

Result<Resource> find_resource(aws::Call& call, const std::string& api, const std::string& id) {
    REQUIRE(find_rest_api(call, api));
    return find<Resource>(call, api, kind::resource, id, "Resource identifier");
}

Result<Stage> find_stage(aws::Call& call, const std::string& api, const std::string& name) {
    REQUIRE(find_rest_api(call, api));
    return find<Stage>(call, api, kind::stage, name, "stage identifier");
}

std::string new_id(aws::Call& call, size_t characters) {
    return call.env.random.from("abcdefghijklmnopqrstuvwxyz0123456789", characters);
}

Status check_tags(const Map<std::string>& tags) {
    if (tags.size() > limits::tags) return bad("A resource has at most 50 tags.");
    for (const auto& [key, value] : tags) {
        if (key.empty() || key.size() > 128 || to_lower(key).starts_with("aws:"))
            return bad("The tag key '" + key + "' is not valid: 1 to 128 characters, not aws:.");
        if (value.size() > 256) return bad("The value of tag '" + key + "' is too long: 256.");
    }
    return ok();
}

}  // namespace unkai::services::apigateway
