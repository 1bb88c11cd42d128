#include "cli/site.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include "aws/sigv4.h"
#include "base/strings.h"
#include "cli/site_build.h"
#include "images/cache.h"
#include "images/hash.h"
#include "net/client.h"
#include "rt/fd.h"

namespace unkai::cli {

namespace fs = std::filesystem;
using wire::Json;

namespace {

constexpr uint64_t most_file = 256 << 20;
constexpr size_t objects_a_call = 1000;

// Regular files below a folder, by their names relative to it; `skip` is left out with all below.
std::vector<std::string> files_below(const fs::path& folder, const fs::path& skip) {
    std::vector<std::string> names;
    std::error_code error;
    auto entry = fs::recursive_directory_iterator(folder, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const bool ours = entry->path() == skip || entry->path().filename() == "node_modules" ||
                          entry->path().filename() == ".git";
        if (ours) entry.disable_recursion_pending();
        if (!ours && entry->is_regular_file(error))
            names.push_back(entry->path().lexically_relative(folder));
    }
    std::sort(names.begin(), names.end());
    return names;
}

Status add_file(images::Sha256& hash, const fs::path& folder, const std::string& name) {
    TRY(const std::string text, read_text_file(folder / name));
    hash.add_field(name);
    hash.add_field(text);
    return ok();
}

// Of everything that the output depends on.
Result<std::string> hash_of_inputs(const SiteStep& site) {
    images::Sha256 hash;
    hash.add_field(site.build);
    std::error_code error;
    if (site.inputs.empty())
        for (const std::string& name : files_below(site.context, site.output))
            REQUIRE(add_file(hash, site.context, name));
    for (const std::string& input : site.inputs) {
        const fs::path path = fs::path(site.context) / input;
        if (fs::is_directory(path, error)) {
            for (const std::string& name : files_below(path, site.output))
                REQUIRE(add_file(hash, path, name));
        } else if (fs::exists(path, error)) {
            REQUIRE(add_file(hash, site.context, input));
        } else {
            hash.add_field(input + " is missing");
        }
    }
    return hash.hex();
}

// A build tool's output may be changed or half erased by others.
std::string hash_of_output(const SiteStep& site) {
    images::Sha256 hash;
    std::error_code error;
    for (const std::string& name : files_below(site.output, {})) {
        hash.add_field(name);
        hash.add_field(std::to_string(fs::file_size(fs::path(site.output) / name, error)));
    }
    return hash.hex();
}

Status write_text_file(const fs::path& path, const std::string& text) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) return fail("FileUnwritable", "Cannot write " + path.string() + ".");
    return ok();
}

std::string md5_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    size_t length = 0;
    ::EVP_Q_digest(nullptr, "MD5", nullptr, bytes.data(), bytes.size(), digest.data(), &length);
    return hex({reinterpret_cast<const char*>(digest.data()), length});
}

std::string cache_control_of(const SiteStep& site, const std::string& key) {
    for (const auto& [pattern, value] : site.cache_control)
        if (glob_match(pattern, key)) return value;
    return "";
}

// One object on its way into the bucket.
struct Upload {
    std::string key, content_type, cache_control, bytes, md5;
    // What the bucket is remembered to hold.
    std::string signature() const { return md5 + " " + content_type + " " + cache_control; }
};

// S3 as an outsider sees it, signed; by the control socket, which the port's firewall does not
// concern.
class Bucket {
public:
    Bucket(const Installation& installation, std::string name)
        : installation_(installation), control_(installation), name_(std::move(name)) {}

    // Key → ETag without quotes.
    Result<std::map<std::string, std::string>> list();
    Status put(const Upload& upload);
    Status remove(const std::vector<std::string>& keys);

private:
    static Task<Result<net::Fetched>> send(Loop& loop, net::Address address, net::Headers headers,
                                           std::string target, std::string_view body);
    const Installation& installation_;
    Control control_;
    Loop loop_;
    std::string name_;
};

Result<std::map<std::string, std::string>> Bucket::list() {
    std::map<std::string, std::string> etags;
    Json input = Json::object({{"Bucket", name_}});
    while (true) {
        TRY(const Json page, control_.call("s3", "ListObjectsV2", input));
        for (size_t i = 0; i < page["Contents"].size(); ++i) {
            const Json& object = page["Contents"][i];
            etags[object["Key"].string_or("")] =
                replace_all(object["ETag"].string_or(""), "\"", "");
        }
        if (!page["IsTruncated"].bool_or(false)) return etags;
        input.set("ContinuationToken", page["NextContinuationToken"]);
    }
}

Task<Result<net::Fetched>> Bucket::send(Loop& loop, net::Address address, net::Headers headers,
                                        std::string target, std::string_view body) {
    net::Client client(loop);
    net::Request request;
    request.method = "PUT";
    request.target = target;
    request.headers = &headers;
    request.body = body;
    net::Destination destination;
    destination.address = address;
    auto answer = co_await client.fetch(destination, request, 1 << 20);
    client.close_idle();
    co_return answer;
}

Status Bucket::put(const Upload& upload) {
    const std::string target = "/" + name_ + "/" + percent_encode(upload.key, "/");
    const std::string timestamp = basic_iso8601(loop_.now());
    const std::string payload = aws::sigv4::sha256_hex(upload.bytes);
    net::Headers headers;
    headers.add("host", "localhost");
    headers.add("content-type", upload.content_type);
    if (!upload.cache_control.empty()) headers.add("cache-control", upload.cache_control);
    headers.add("x-amz-content-sha256", payload);
    headers.add("x-amz-date", timestamp);
    aws::sigv4::Request signed_request{.method = "PUT", .path = target, .query = "", .headers = {}};
    for (const auto& field : headers) signed_request.headers.emplace_back(field.name, field.value);
    headers.add("authorization",
                aws::sigv4::authorization(signed_request, installation_.access_key_id,
                                          installation_.secret_access_key, installation_.region,
                                          "s3", timestamp, payload, false));
    TRY(const net::Address address, net::Address::unix_socket(installation_.control_socket()));
    TRY(const net::Fetched answer,
        loop_.run_until_done(send(loop_, address, std::move(headers), target, upload.bytes)));
    if (answer.status != 200)
        return fail("UploadFailed", "S3 refused " + upload.key + " with status " +
                                        std::to_string(answer.status) + ": " + answer.body);
    return ok();
}

Status Bucket::remove(const std::vector<std::string>& keys) {
    for (size_t from = 0; from < keys.size(); from += objects_a_call) {
        Json objects = Json::array();
        for (size_t i = from; i < std::min(keys.size(), from + objects_a_call); ++i)
            objects.push(Json::object({{"Key", keys[i]}}));
        TRY(const Json answer,
            control_.call("s3", "DeleteObjects",
                          Json::object({{"Bucket", name_},
                                        {"Delete", Json::object({{"Objects", objects}})}})));
        if (answer["Errors"].size() > 0)
            return fail(answer["Errors"][0]["Code"].string_or("DeleteFailed"),
                        answer["Errors"][0]["Message"].string_or("S3 did not delete an object."));
    }
    return ok();
}

Result<Upload> read_upload(const SiteStep& site, const std::string& key) {
    const fs::path path = fs::path(site.output) / key;
    std::error_code error;
    if (fs::file_size(path, error) > most_file)
        return fail("FileTooLarge", path.string() +
                                        " is larger than 256 MiB. Upload it yourself: "
                                        "aws s3 cp, which sends it in parts.");
    Upload upload{key, content_type_of(key), cache_control_of(site, key), "", ""};
    TRY(upload.bytes, read_text_file(path));
    upload.md5 = md5_hex(upload.bytes);
    return upload;
}

}  // namespace

Result<bool> build_site(const SiteStep& site, const std::function<void(std::string)>& told) {
    if (site.build.empty()) return false;
    TRY(const std::string inputs, hash_of_inputs(site));
    const fs::path memory = fs::path(images::default_cache_folder()) / "sites" /
                            images::sha256_of(site.context).substr(0, 16);
    std::error_code error;
    fs::create_directories(memory.parent_path(), error);
    // Two builds of one folder would tread on each other: the second waits, and finds it done.
    const Fd lock(::open((memory.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock || ::flock(lock.get(), LOCK_EX) != 0)
        return fail("FileUnwritable", "Cannot lock " + memory.string() + ".lock.");
    const auto known = read_text_file(memory);
    if (known && *known == inputs + "\n" + hash_of_output(site)) return false;
    REQUIRE(run_site_build({site.build, site.context, memory.string() + ".log", site.time_limit},
                           told));
    REQUIRE(write_text_file(memory, inputs + "\n" + hash_of_output(site)));
    return true;
}

Result<Synced> sync_site(const Installation& installation, const SiteStep& site,
                         const std::string& bucket_name, const std::string& memory_folder) {
    std::vector<std::string> keys = files_below(site.output, {});
    if (keys.empty())
        return fail("SiteEmpty", "There are no files in " + site.output +
                                     "; does the build command of the site write there?");
    std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
        return std::pair(a.ends_with(".html"), a) < std::pair(b.ends_with(".html"), b);
    });
    const fs::path memory = fs::path(memory_folder) / (site.name + ".uploaded");
    const auto text = read_text_file(memory);
    const auto parsed = Json::parse(text ? *text : std::string("{}"));
    const Json known = parsed && (*parsed)["bucket"].string_or("") == bucket_name
                           ? (*parsed)["objects"]
                           : Json::object();
    Bucket bucket(installation, bucket_name);
    TRY(auto there, bucket.list());
    Synced synced;
    Json uploaded = Json::object();
    for (const std::string& key : keys) {
        TRY(const Upload upload, read_upload(site, key));
        const auto object = there.find(key);
        const bool same = object != there.end() && object->second == upload.md5 &&
                          known[key].string_or("") == upload.signature();
        if (!same) REQUIRE(bucket.put(upload));
        ++(same ? synced.unchanged : synced.uploaded);
        uploaded.set(key, upload.signature());
        if (object != there.end()) there.erase(object);
    }
    std::vector<std::string> gone;
    for (const auto& [key, etag] : there) gone.push_back(key);
    REQUIRE(bucket.remove(gone));
    synced.removed = gone.size();
    REQUIRE(write_text_file(
        memory,
        Json::object({{"bucket", bucket_name}, {"objects", std::move(uploaded)}}).dump_pretty()));
    return synced;
}

Result<bool> upload_once(const Installation& installation, const std::string& bucket_name,
                         const std::string& key, std::string bytes) {
    Bucket bucket(installation, bucket_name);
    TRY(const auto there, bucket.list());
    if (there.contains(key)) return false;
    Upload upload{key, content_type_of(key), "", std::move(bytes), ""};
    REQUIRE(bucket.put(upload));
    return true;
}

Result<size_t> empty_bucket(Control& control, const std::string& bucket) {
    size_t count = 0;
    while (true) {
        // Of a bucket without versions: its objects.
        TRY(const Json page,
            control.call("s3", "ListObjectVersions", Json::object({{"Bucket", bucket}})));
        Json objects = Json::array();
        for (const char* kind : {"Versions", "DeleteMarkers"})
            for (size_t i = 0; i < page[kind].size(); ++i)
                objects.push(Json::object({{"Key", page[kind][i]["Key"]},
                                           {"VersionId", page[kind][i]["VersionId"]}}));
        if (objects.size() == 0) break;
        count += objects.size();
        TRY(const Json answer,
            control.call("s3", "DeleteObjects",
                         Json::object({{"Bucket", bucket},
                                       {"Delete", Json::object({{"Objects", objects}})}})));
        if (answer["Errors"].size() > 0)
            return fail(answer["Errors"][0]["Code"].string_or("DeleteFailed"),
                        answer["Errors"][0]["Message"].string_or("S3 did not delete an object."));
    }
    TRY(const Json uploads,
        control.call("s3", "ListMultipartUploads", Json::object({{"Bucket", bucket}})));
    for (size_t i = 0; i < uploads["Uploads"].size(); ++i)
        REQUIRE(control.call("s3", "AbortMultipartUpload",
                             Json::object({{"Bucket", bucket},
                                           {"Key", uploads["Uploads"][i]["Key"]},
                                           {"UploadId", uploads["Uploads"][i]["UploadId"]}})));
    return count;
}

std::string content_type_of(std::string_view name) {
    static const std::map<std::string_view, const char*> types = {
        {"html", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/x-icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"wasm", "application/wasm"},
        {"pdf", "application/pdf"},
        {"mp4", "video/mp4"},
        {"zip", "application/zip"},
    };
    const size_t dot = name.rfind('.');
    const std::string ending = dot == std::string_view::npos ? "" : to_lower(name.substr(dot + 1));
    const auto found = types.find(ending);
    return found == types.end() ? "application/octet-stream" : found->second;
}

}  // namespace unkai::cli
