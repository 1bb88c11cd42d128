#include "services/ecr/image.h"
#include "services/ecr/limits.h"
#include "services/ecr/registry_request.h"
#include "wire/json.h"

namespace unkai::services::ecr {

static ImageIdentifier identifier_manifests(const std::string& reference) {
    ImageIdentifier out;
    if (reference.find(':') != std::string::npos)
        out.image_digest = reference;
    else
        out.image_tag = reference;
    return out;
}

Task<Status> Registry::manifest(Request& request) {
    if (request.method() == "PUT") co_return co_await put_manifest(request);
    if (!request.is_read())
        co_return registry_error(405, "UNSUPPORTED",
                                 "Delete images with aws ecr batch-delete-image.");
    CO_TRY(auto found,
           co_await client_.call<op::BatchGetImage>(
               request.caller(), {.registry_id = {},
                                  .repository_name = request.path.repository,
                                  .image_ids = {identifier_manifests(request.path.reference)},
                                  .accepted_media_types = {}}));
    if (found.images.empty())
        co_return registry_error(404, "MANIFEST_UNKNOWN",
                                 "There is no image " + request.path.reference +
                                     " in the repository " + request.path.repository + ".");
    const api::ecr::Image& image = found.images.front();
    net::Exchange& exchange = request.exchange;
    exchange.headers().add("content-type", *image.image_manifest_media_type);
    exchange.headers().add("docker-content-digest", *image.image_id->image_digest);
    co_return co_await exchange.respond(200, *image.image_manifest);
}

Task<Status> Registry::put_manifest(Request& request) {
    net::Exchange& exchange = request.exchange;
    CO_TRY(const std::string text, co_await exchange.read_all(limits::manifest_bytes));
    const ImageIdentifier id = identifier_manifests(request.path.reference);
    const std::string_view type = exchange.request().headers.value("content-type");
    PutImageInput in;
    in.repository_name = request.path.repository;
    in.image_manifest = text;
    if (!type.empty())
        in.image_manifest_media_type = std::string(trim(split_once(type, ';').first));
    in.image_tag = id.image_tag;
    in.image_digest = id.image_digest;
    const auto put = co_await client_.call<op::PutImage>(request.caller(), std::move(in));
    if (!put && !put.error().is("ImageAlreadyExistsException")) co_return unexpected(put.error());
    const std::string digest = manifest_digest(text);
    exchange.headers().add("location", "/v2/" + request.path.repository + "/manifests/" + digest);
    exchange.headers().add("docker-content-digest", digest);
    co_return co_await exchange.respond(201, "");
}

Task<Status> Registry::tags(Request& request) {
    if (!request.is_read())
        co_return registry_error(405, "UNSUPPORTED", "Tags can only be listed here.");
    const std::string& name = request.path.repository;
    store::Txn txn = store_.begin();
    if (!schema::repositories.has(txn, {request.token.account, request.token.region, name}))
        co_return registry_error(404, "NAME_UNKNOWN", "There is no repository " + name + ".");
    const std::string last = request.parameter("last");
    const size_t most = std::min<uint64_t>(parse_uint(request.parameter("n")).value_or(1000), 1000);
    wire::Json list = wire::Json::array();
    bool more = false;
    for (const auto& [key, tag] :
         schema::tags.list(txn, request.token.account, request.token.region, name)) {
        if (!last.empty() && std::get<3>(key) <= last) continue;
        more = list.size() == most;
        if (more) break;
        list.push(std::get<3>(key));
    }
    net::Exchange& exchange = request.exchange;
    if (more && most > 0)
        exchange.headers().add(
            "link", "</v2/" + name + "/tags/list?n=" + std::to_string(most) + "&last=" +
                        percent_encode(list[list.size() - 1].as_string()) + ">; rel=\"next\"");
    exchange.headers().add_view("content-type", "application/json");
    co_return co_await exchange.respond(
        200, wire::Json::object({{"name", name}, {"tags", list}}).dump());
}

}  // namespace unkai::services::ecr
