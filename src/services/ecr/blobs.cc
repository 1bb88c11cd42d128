#include "services/ecr/image.h"
#include "services/ecr/limits.h"
#include "services/ecr/registry_request.h"

namespace unkai::services::ecr {

constexpr size_t piece_bytes = 1 << 20;  // Written to disk at a time.

static Unexpected wrong_method(std::string_view method) {
    return registry_error(405, "UNSUPPORTED", std::string(method) + " is not supported here.");
}

static Unexpected no_blob(const std::string& digest) {
    return registry_error(404, "BLOB_UNKNOWN",
                          "The layer " + digest + " is not in this repository.");
}

// ---- Reading

struct Range {
    int64_t first, last;
};

// "bytes=5-", "bytes=5-9", "bytes=-3"; nullopt for anything else, which means the whole.
static std::optional<Range> parse_range(std::string_view text, int64_t size) {
    if (!text.starts_with("bytes=") || text.find(',') != std::string_view::npos)
        return std::nullopt;
    const auto [first, last] = split_once(text.substr(6), '-');
    const auto begin = parse_uint(first), end = parse_uint(last);
    if (!begin && !end) return std::nullopt;
    if (!begin) return Range{std::max<int64_t>(0, size - static_cast<int64_t>(*end)), size - 1};
    const int64_t stop = end ? std::min(static_cast<int64_t>(*end), size - 1) : size - 1;
    return Range{static_cast<int64_t>(*begin), stop};
}

Task<Status> Registry::blob(Request& request) {
    if (!request.is_read()) co_return wrong_method(request.method());
    const std::string& digest = request.path.reference;
    if (!is_digest(digest))
        co_return registry_error(400, "DIGEST_INVALID", digest + " is no sha256 digest.");
    store::Txn txn = store_.begin();
    const auto layer = schema::layers.get(txn, request.key(digest));
    if (!layer) co_return no_blob(digest);
    CO_TRY(const Fd file, ecr_.files().open(digest));
    net::Exchange& exchange = request.exchange;
    exchange.headers().add("docker-content-digest", digest);
    exchange.headers().add_view("content-type", "application/octet-stream");
    exchange.headers().add_view("accept-ranges", "bytes");
    Range range{0, layer->bytes - 1};
    int status = 200;
    if (const auto asked = parse_range(exchange.request().headers.value("range"), layer->bytes)) {
        if (asked->first > asked->last) {
            exchange.headers().add("content-range", "bytes */" + std::to_string(layer->bytes));
            co_return registry_error(416, "SIZE_INVALID", "The range lies outside of the layer.");
        }
        range = *asked;
        status = 206;
        exchange.headers().add("content-range", "bytes " + std::to_string(range.first) + "-" +
                                                    std::to_string(range.last) + "/" +
                                                    std::to_string(layer->bytes));
    }
    const auto length = static_cast<uint64_t>(range.last - range.first + 1);
    CO_REQUIRE(co_await exchange.start(status, length));
    if (request.method() == "GET")
        CO_REQUIRE(
            co_await exchange.write_file(file.get(), static_cast<uint64_t>(range.first), length));
    co_return co_await exchange.finish();
}

// ---- Writing

Task<Result<bool>> Registry::mount(Request& request, std::string from, std::string digest) {
    store::Txn txn = store_.begin();
    const auto& [account, region, repository, _] = request.key(digest);
    const auto layer = schema::layers.get(txn, {account, region, from, digest});
    if (!layer || !schema::repositories.has(txn, {account, region, repository})) co_return false;
    schema::layers.put(txn, request.key(digest), *layer);
    schema::layer_users.put(txn, {digest, account, region, repository}, LayerUser{});
    CO_REQUIRE(co_await store_.commit(txn));
    co_return true;
}

static std::string upload_location(const RegistryPath& path, const std::string& id) {
    return "/v2/" + path.repository + "/blobs/uploads/" + id;
}

Task<Status> Registry::start_upload(Request& request) {
    if (request.method() != "POST") co_return wrong_method(request.method());
    net::Exchange& exchange = request.exchange;
    if (const std::string digest = request.parameter("mount"), from = request.parameter("from");
        !from.empty()) {
        CO_TRY(const bool mounted, co_await mount(request, from, digest));
        if (mounted) {
            exchange.headers().add("location",
                                   "/v2/" + request.path.repository + "/blobs/" + digest);
            exchange.headers().add("docker-content-digest", digest);
            co_return co_await exchange.respond(201, "");
        }
    }
    CO_TRY(const auto started,
           co_await client_.call<op::InitiateLayerUpload>(
               request.caller(), {.registry_id = {}, .repository_name = request.path.repository}));
    const std::string id = started.upload_id.value_or("");
    if (const std::string digest = request.parameter("digest"); !digest.empty()) {
        CO_REQUIRE(co_await receive(request, id));
        co_return co_await complete(request, id, digest);
    }
    exchange.headers().add("location", upload_location(request.path, id));
    exchange.headers().add("docker-upload-uuid", id);
    exchange.headers().add_view("range", "0-0");
    co_return co_await exchange.respond(202, "");
}

// Appends the request's body to the upload, in pieces.
static Task<Status> receive_body(net::Exchange& exchange, LayerFiles& files, std::string id) {
    CO_TRY(const int64_t had, files.uploaded(id));
    exchange.allow_body(static_cast<uint64_t>(limits::layer_bytes - had));
    std::string piece;
    piece.reserve(piece_bytes + (64 << 10));
    for (;;) {
        CO_TRY(const std::string_view bytes, co_await exchange.read());
        piece.append(bytes);
        if (piece.size() >= piece_bytes || (bytes.empty() && !piece.empty())) {
            CO_REQUIRE(co_await files.append(id, piece));
            piece.clear();
        }
        if (bytes.empty()) co_return ok();
    }
}

Task<Status> Registry::receive(Request& request, std::string id) {
    if (!receiving_.insert(id).second)
        co_return registry_error(409, "BLOB_UPLOAD_INVALID",
                                 "Another request sends bytes to this upload just now.");
    const Status received = co_await receive_body(request.exchange, ecr_.files(), id);
    receiving_.erase(id);
    if (!received) co_return unexpected(received.error());
    co_return ok();
}

Task<Status> Registry::complete(Request& request, std::string id, std::string digest) {
    const auto done = co_await client_.call<op::CompleteLayerUpload>(
        request.caller(), {.registry_id = {},
                           .repository_name = request.path.repository,
                           .upload_id = id,
                           .layer_digests = {digest}});
    if (!done && done.error().is("LayerAlreadyExistsException")) {
        store::Txn txn = store_.begin();
        schema::uploads.erase(txn, request.key(id));
        CO_REQUIRE(co_await store_.commit(txn));
        ecr_.files().discard(id);
    } else if (!done) {
        co_return unexpected(done.error());
    }
    net::Exchange& exchange = request.exchange;
    exchange.headers().add("location", "/v2/" + request.path.repository + "/blobs/" + digest);
    exchange.headers().add("docker-content-digest", digest);
    co_return co_await exchange.respond(201, "");
}

// "0-1023", "bytes 0-1023/4096": whether a chunk begins where the upload ends.
static bool continues(std::string_view content_range, int64_t size) {
    if (content_range.empty()) return true;
    if (content_range.starts_with("bytes ")) content_range.remove_prefix(6);
    return parse_uint(trim(split_once(content_range, '-').first)) == static_cast<uint64_t>(size);
}

Task<Status> Registry::upload(Request& request) {
    net::Exchange& exchange = request.exchange;
    const std::string id = request.path.reference;
    {
        store::Txn txn = store_.begin();
        if (!schema::uploads.has(txn, request.key(id)))
            co_return registry_error(404, "BLOB_UPLOAD_UNKNOWN",
                                     "There is no upload " + id + " in this repository.");
    }
    const bool patch = request.method() == "PATCH", put = request.method() == "PUT";
    if (request.method() == "DELETE") {
        store::Txn txn = store_.begin();
        schema::uploads.erase(txn, request.key(id));
        CO_REQUIRE(co_await store_.commit(txn));
        ecr_.files().discard(id);
        co_return co_await exchange.respond(204, "");
    }
    if (!patch && !put && request.method() != "GET") co_return wrong_method(request.method());
    CO_TRY(const int64_t had, ecr_.files().uploaded(id));
    if ((patch || put) && !continues(exchange.request().headers.value("content-range"), had)) {
        exchange.headers().add("range", "0-" + std::to_string(std::max<int64_t>(0, had - 1)));
        exchange.headers().add("location", upload_location(request.path, id));
        co_return registry_error(416, "BLOB_UPLOAD_INVALID",
                                 "The next chunk begins with byte " + std::to_string(had) + ".");
    }
    if (patch || put) CO_REQUIRE(co_await receive(request, id));
    if (put) co_return co_await complete(request, id, request.parameter("digest"));
    CO_TRY(const int64_t size, ecr_.files().uploaded(id));
    exchange.headers().add("location", upload_location(request.path, id));
    exchange.headers().add("docker-upload-uuid", id);
    exchange.headers().add("range", "0-" + std::to_string(std::max<int64_t>(0, size - 1)));
    co_return co_await exchange.respond(patch ? 202 : 204, "");
}

}  // namespace unkai::services::ecr
