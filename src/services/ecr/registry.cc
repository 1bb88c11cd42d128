#include "services/ecr/registry.h"

#include "services/ecr/image.h"
#include "services/ecr/registry_request.h"
#include "wire/json.h"

namespace unkai::services::ecr {

RegistryPath parse_registry_path(std::string_view path) {
    using Kind = RegistryPath::Kind;
    if (path == "/v2" || path == "/v2/")
        return {.kind = Kind::base, .repository = "", .reference = ""};
    if (!path.starts_with("/v2/")) return {};
    path.remove_prefix(4);
    RegistryPath out;
    const auto take = [&](std::string_view marker, Kind kind) {
        const size_t at = path.rfind(marker);
        if (at == std::string_view::npos || at == 0) return false;
        const std::string_view rest = path.substr(at + marker.size());
        if (rest.find('/') != std::string_view::npos) return false;
        out = {.kind = kind,
               .repository = std::string(path.substr(0, at)),
               .reference = std::string(rest)};
        return true;
    };
    if (take("/blobs/uploads/", Kind::upload)) {
        if (out.reference.empty()) out.kind = Kind::new_upload;
        return out;
    }
    if (path.ends_with("/blobs/uploads")) {
        path.remove_suffix(std::string_view("/blobs/uploads").size());
        return {.kind = Kind::new_upload, .repository = std::string(path), .reference = ""};
    }
    if (take("/blobs/", Kind::blob) || take("/manifests/", Kind::manifest)) return out;
    if (take("/tags/", Kind::tags) && out.reference == "list") return out;
    return {};
}

std::optional<std::pair<std::string, std::string>> parse_registry_host(std::string_view host) {
    if (host.find(".dkr.ecr.") == host.npos) return std::nullopt;  // Each request asks.
    const auto parts = split(host, '.');
    if (parts.size() < 5 || parts[1] != "dkr" || parts[2] != "ecr") return std::nullopt;
    if (parts[0].size() != 12 || !parse_uint(parts[0])) return std::nullopt;
    return std::pair{std::string(parts[0]), std::string(parts[3])};
}

bool Registry::wants(std::string_view host, std::string_view path) const {
    if (parse_registry_host(host)) return true;
    if (path == "/v2/") return true;  // API Gateway's paths begin with /v2/ as well, but have more.
    return path.starts_with("/v2/") &&
           parse_registry_path(path).kind != RegistryPath::Kind::unknown;
}

// The token is in a Basic password, in a Bearer field, or (of a download link) in the query.
std::optional<Token> Registry::authenticate(net::Exchange& exchange, std::string_view path) {
    const auto& request = exchange.request();
    std::string text;
    const std::string_view field = request.headers.value("authorization");
    if (field.starts_with("Basic ")) {
        const auto decoded = from_base64(trim(field.substr(6)));
        if (decoded && decoded->starts_with("AWS:")) text = decoded->substr(4);
    } else if (field.starts_with("Bearer ")) {
        text = std::string(trim(field.substr(7)));
    } else if (const size_t at = request.query.find("token="); at != std::string_view::npos) {
        text = std::string(request.query.substr(at + 6));
    }
    store::Txn txn = store_.begin();
    const auto secret = schema::secrets.get(txn, {"tokens"});
    if (!secret || text.empty()) return std::nullopt;
    const auto token = read_token(text, secret->bytes, env_.now());
    if (!token) return std::nullopt;
    if (const auto registry = parse_registry_host(to_lower(net::host_of(request.authority))))
        if (registry->first != token->account || registry->second != token->region)
            return std::nullopt;
    if (token->scope.empty()) return token;
    const RegistryPath parsed = parse_registry_path(path);
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const bool in_scope = parsed.kind == RegistryPath::Kind::blob && reads &&
                          parsed.repository + "@" + parsed.reference == token->scope;
    return in_scope ? token : std::nullopt;
}

// The distribution API's code and status for an error of ours.
static std::pair<std::string_view, int> registry_code(const Error& error) {
    static constexpr std::tuple<std::string_view, std::string_view, int> codes[] = {
        {"RepositoryNotFoundException", "NAME_UNKNOWN", 404},
        {"ImageNotFoundException", "MANIFEST_UNKNOWN", 404},
        {"LayersNotFoundException", "MANIFEST_BLOB_UNKNOWN", 400},
        {"ReferencedImagesNotFoundException", "MANIFEST_BLOB_UNKNOWN", 400},
        {"InvalidParameterException", "MANIFEST_INVALID", 400},
        {"ImageDigestDoesNotMatchException", "DIGEST_INVALID", 400},
        {"ImageTagAlreadyExistsException", "TAG_INVALID", 400},
        {"InvalidLayerException", "DIGEST_INVALID", 400},
        {"UploadNotFoundException", "BLOB_UPLOAD_UNKNOWN", 404},
        {"LimitExceededException", "TOOMANYREQUESTS", 429},
        {"BodyTooLarge", "SIZE_INVALID", 413},
    };
    for (const auto& [ours, theirs, status] : codes)
        if (error.code == ours) return {theirs, status};
    return {error.code, error.status};
}

static Task<void> answer_error(net::Exchange& exchange, Error error) {
    const auto [code, status] = registry_code(error);
    const wire::Json body = wire::Json::object(
        {{"errors",
          wire::Json::array({wire::Json::object({{"code", code}, {"message", error.message}})})}});
    exchange.headers().set("content-type", "application/json");
    (void)co_await exchange.respond(status, body.dump());
}

Task<void> Registry::handle(net::Exchange& exchange) {
    const std::string path(exchange.request().path);
    exchange.headers().add_view("docker-distribution-api-version", "registry/2.0");
    const auto token = authenticate(exchange, path);
    if (!token) {
        exchange.headers().add("www-authenticate", "Basic realm=\"" +
                                                       std::string(exchange.request().authority) +
                                                       "\",service=\"ecr.amazonaws.com\"");
        co_await answer_error(
            exchange, {"UNAUTHORIZED",
                       "Not authorized. Log in again: aws ecr get-login-password | docker login "
                       "--username AWS --password-stdin <registry>",
                       401,
                       {}});
        co_return;
    }
    Request request{exchange, *token, parse_registry_path(path)};
    const Status done = co_await route(request);
    if (!done && !exchange.started()) co_await answer_error(exchange, done.error());
}

Task<Status> Registry::route(Request& request) {
    using Kind = RegistryPath::Kind;
    switch (request.path.kind) {
        case Kind::base:
            co_return co_await request.exchange.respond(200, "{}");
        case Kind::blob:
            co_return co_await blob(request);
        case Kind::new_upload:
            co_return co_await start_upload(request);
        case Kind::upload:
            co_return co_await upload(request);
        case Kind::manifest:
            co_return co_await manifest(request);
        case Kind::tags:
            co_return co_await tags(request);
        case Kind::unknown:
            break;
    }
    co_return registry_error(404, "UNSUPPORTED", "The registry has nothing at this path.");
}

}  // namespace unkai::services::ecr
