// Pushing: the client's half of the OCI distribution API, and copying into an OCI layout.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "images/images.h"
#include "net/client.h"
#include "wire/json.h"

namespace unkai::images {

namespace fs = std::filesystem;
using wire::Json;

namespace {

constexpr uint64_t most_answer = 1 << 20;

class FileBody final : public net::BodySource {
public:
    explicit FileBody(Fd file) : file_(std::move(file)), buffer_(256 << 10, '\0') {}
    Task<Result<std::string_view>> next() override {
        const ssize_t got = ::read(file_.get(), buffer_.data(), buffer_.size());
        if (got < 0) co_return fail("FileUnreadable", "A layer cannot be read from the cache.");
        co_return std::string_view(buffer_.data(), static_cast<size_t>(got));
    }

private:
    Fd file_;
    std::string buffer_;
};

struct Pusher {
    Loop& loop;
    const PushOptions& options;
    const Cache& cache;
    net::Client client{loop};
    Pushed pushed;

    std::string base() const { return "/v2/" + options.repository; }
    net::Headers headers() const {
        net::Headers out;
        if (!options.credentials.empty())
            out.add("authorization", "Basic " + base64(options.credentials));
        return out;
    }
    Task<Result<net::Fetched>> ask(std::string method, std::string target, net::Headers extra,
                                   std::string body);
    Task<Status> send_blob(std::string digest);
    Task<Status> send_all(std::string digest);
};

// The registry's own words for what went wrong.
Unexpected refused(const std::string& what, const net::Fetched& answer) {
    const auto json = Json::parse(answer.body);
    const std::string said = json ? (*json)["errors"][0]["message"].string_or("") : "";
    return fail("PushFailed", what + " was answered with " + std::to_string(answer.status) + ": " +
                                  (said.empty() ? answer.body.substr(0, 500) : said));
}

Task<Result<net::Fetched>> Pusher::ask(std::string method, std::string target, net::Headers extra,
                                       std::string body) {
    net::Headers all = headers();
    for (const auto& field : extra) all.add(field.name, field.value);
    const net::Request request{.method = method,
                               .target = target,
                               .authority = options.authority,
                               .headers = &all,
                               .body = body};
    co_return co_await client.fetch({.address = options.address}, request, most_answer);
}

Task<Status> Pusher::send_blob(std::string digest) {
    CO_TRY(const auto there, co_await ask("HEAD", base() + "/blobs/" + digest, {}, ""));
    if (there.status == 200) co_return ok();
    if (there.status != 404) co_return refused("Asking for " + digest, there);
    CO_TRY(const auto started, co_await ask("POST", base() + "/blobs/uploads/", {}, ""));
    if (started.status != 202)
        co_return refused("Beginning an upload to " + options.repository, started);
    std::string location(started.headers.value("location"));
    if (const size_t scheme = location.find("://"); scheme != std::string::npos)
        location = location.substr(std::min(location.size(), location.find('/', scheme + 3)));
    location += (location.find('?') == std::string::npos ? "?digest=" : "&digest=") + digest;

    Fd file(::open(cache.blob_path(digest).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status;
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        co_return fail("FileUnreadable",
                       "The layer " + digest + " is not in the cache. Build again.");
    FileBody body(std::move(file));
    net::Headers fields = headers();
    fields.add("content-type", "application/octet-stream");
    const net::Request request{.method = "PUT",
                               .target = location,
                               .authority = options.authority,
                               .headers = &fields,
                               .stream = &body,
                               .length = static_cast<uint64_t>(status.st_size)};
    CO_TRY(const auto done,
           co_await client.fetch({.address = options.address}, request, most_answer));
    if (done.status != 201) co_return refused("Sending " + digest, done);
    ++pushed.layers_sent;
    pushed.bytes_sent += status.st_size;
    co_return ok();
}

Task<Status> Pusher::send_all(std::string digest) {
    CO_TRY(const std::string text, cache.read_text(digest));
    CO_TRY(const Json manifest, Json::parse(text));
    pushed.digest = digest;
    for (const Json& layer : manifest["layers"].as_array()) {
        ++pushed.layers;
        CO_REQUIRE(co_await send_blob(layer["digest"].string_or("")));
    }
    CO_REQUIRE(co_await send_blob(manifest["config"]["digest"].string_or("")));
    net::Headers type;
    type.add("content-type", manifest["mediaType"].string_or(""));
    CO_TRY(const auto done,
           co_await ask("PUT", base() + "/manifests/" + options.tag, std::move(type), text));
    if (done.status != 201) co_return refused("Sending the manifest", done);
    co_return ok();
}

}  // namespace

Result<Pushed> push(const std::string& digest, const PushOptions& options) {
    TRY(const Cache cache, Cache::open(options.cache_folder));
    Loop loop;
    Pusher pusher{.loop = loop, .options = options, .cache = cache, .pushed = {}};
    REQUIRE(loop.run_until_done(pusher.send_all(digest)));
    pusher.client.close_idle();
    return pusher.pushed;
}

Status write_layout(const std::string& digest, const std::string& name, const std::string& folder,
                    const std::string& cache_folder) {
    TRY(const Cache cache, Cache::open(cache_folder));
    TRY(const std::string text, cache.read_text(digest));
    TRY(const Json manifest, Json::parse(text));
    std::vector<std::string> digests = {digest, manifest["config"]["digest"].string_or("")};
    for (const Json& layer : manifest["layers"].as_array())
        digests.push_back(layer["digest"].string_or(""));
    std::error_code error;
    fs::create_directories(folder + "/blobs/sha256", error);
    for (const std::string& one : digests) {
        const std::string target = folder + "/blobs/sha256/" + one.substr(7);
        if (!fs::exists(target)) fs::copy_file(cache.blob_path(one), target, error);
        if (error)
            return fail("LayoutUnwritable",
                        target + " cannot be written: " + error.message() + ".");
    }
    TRY(Cache layout, Cache::open_layout(folder));
    return layout.set_name(name.empty() ? "latest" : name, digest,
                           static_cast<int64_t>(text.size()));
}

}  // namespace unkai::images
