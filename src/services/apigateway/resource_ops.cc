#include "base/strings.h"
#include "services/apigateway/apigateway.h"

namespace unkai::services::apigateway {

namespace {

bool is_variable(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

Status check_path_part(const std::string& part) {
    std::string_view inner = part;
    if (is_variable(inner)) {
        inner = inner.substr(1, inner.size() - 2);
        if (inner.ends_with('+')) inner.remove_suffix(1);
    }
    const bool good = !inner.empty() && std::all_of(inner.begin(), inner.end(), [](char c) {
        return isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("._-:$").find(c) != std::string_view::npos;
    });
    if (!good)
        return bad(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and "
            "curly braces at the beginning and the end.");
    return ok();
}

// Methods only when they are asked for.
Resource shown_resource(Resource resource, const List<std::string>& embed) {
    if (std::find(embed.begin(), embed.end(), "methods") != embed.end()) return resource;
    for (auto& [name, method] : resource.resource_methods) method = Method{};
    return resource;
}

bool is_below(const std::vector<Resource>& resources, const std::string& id,
              const std::string& ancestor) {
    std::string at = id;
    for (size_t step = 0; step <= resources.size(); ++step) {
        if (at == ancestor) return true;
        const auto found = std::find_if(resources.begin(), resources.end(),
                                        [&](const Resource& one) { return one.id == at; });
        if (found == resources.end() || !found->parent_id) return false;
        at = *found->parent_id;
    }
    return false;
}

Status check_siblings(const std::vector<Resource>& resources, const std::string& parent,
                      const std::string& part, const std::string& self) {
    for (const Resource& one : resources) {
        if (one.parent_id != parent || one.id == self) continue;
        if (one.path_part == part)
            return errors::ConflictException(
                "Another resource with the same parent already has this name: " + part);
        if (is_variable(part) && is_variable(*one.path_part))
            return bad("A sibling (" + *one.path_part +
                       ") of this resource already has a variable path part -- only one is "
                       "allowed");
    }
    return ok();
}

std::string child_path(const Resource& parent, const std::string& part) {
    return (parent.path == "/" ? "" : parent.path.value_or("")) + "/" + part;
}

}  // namespace

Result<Resource> ApiGateway::CreateResource(aws::Call& call, const CreateResourceInput& in) {
    TRY(const Resource parent, find_resource(call, in.rest_api_id, in.parent_id));
    REQUIRE(check_path_part(in.path_part));
    if (parent.path_part.value_or("").ends_with("+}"))
        return bad("Cannot create a child of a resource with a greedy path variable: " +
                   *parent.path_part);
    const auto resources = all<Resource>(call, in.rest_api_id, kind::resource);
    if (resources.size() >= limits::resources)
        return errors::LimitExceededException(
            "Maximum number of resources for this API has been reached. Please contact AWS if you "
            "need additional resources.");
    REQUIRE(check_siblings(resources, in.parent_id, in.path_part, ""));
    Resource made{.id = new_id(call, 6),
                  .parent_id = in.parent_id,
                  .path_part = in.path_part,
                  .path = child_path(parent, in.path_part)};
    save(call, in.rest_api_id, kind::resource, *made.id, made);
    return made;
}

Result<Resource> ApiGateway::GetResource(aws::Call& call, const GetResourceInput& in) {
    TRY(Resource found, find_resource(call, in.rest_api_id, in.resource_id));
    return shown_resource(std::move(found), in.embed);
}

Result<GetResourcesOutput> ApiGateway::GetResources(aws::Call& call, const GetResourcesInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    std::vector<Resource> resources;
    for (Resource& one : all<Resource>(call, in.rest_api_id, kind::resource))
        resources.push_back(shown_resource(std::move(one), in.embed));
    GetResourcesOutput out;
    REQUIRE(put_page(
        resources, [](const Resource& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<Resource> ApiGateway::UpdateResource(aws::Call& call, const UpdateResourceInput& in) {
    TRY(Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    if (!resource.parent_id) return bad("Root resource cannot be updated.");
    const std::string old_path = *resource.path;
    REQUIRE(patch(resource, in.patch_operations, {"/pathPart", "/parentId"}));
    REQUIRE(check_path_part(*resource.path_part));
    auto resources = all<Resource>(call, in.rest_api_id, kind::resource);
    TRY(const Resource parent, find_resource(call, in.rest_api_id, *resource.parent_id));
    if (is_below(resources, *parent.id, *resource.id))
        return bad("A resource cannot be its own ancestor.");
    REQUIRE(check_siblings(resources, *parent.id, *resource.path_part, *resource.id));
    resource.path = child_path(parent, *resource.path_part);
    save(call, in.rest_api_id, kind::resource, *resource.id, resource);
    for (Resource& one : resources)
        if (one.id != resource.id && is_below(resources, *one.id, *resource.id)) {
            one.path = *resource.path + one.path->substr(old_path.size());
            save(call, in.rest_api_id, kind::resource, *one.id, one);
        }
    return resource;
}

Result<DeleteResourceOutput> ApiGateway::DeleteResource(aws::Call& call,
                                                        const DeleteResourceInput& in) {
    TRY(const Resource resource, find_resource(call, in.rest_api_id, in.resource_id));
    if (!resource.parent_id) return bad("Unable to delete the root resource.");
    const auto resources = all<Resource>(call, in.rest_api_id, kind::resource);
    for (const Resource& one : resources)
        if (is_below(resources, *one.id, *resource.id))
            erase(call, in.rest_api_id, kind::resource, *one.id);
    return DeleteResourceOutput{};
}

}  // namespace unkai::services::apigateway
