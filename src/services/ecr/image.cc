#include "services/ecr/image.h"

#include <algorithm>

#include "aws/sigv4.h"
#include "base/strings.h"
#include "services/ecr/limits.h"
#include "wire/json.h"

namespace unkai::services::ecr {

bool is_digest(std::string_view text) {
    if (text.size() != 71 || !text.starts_with("sha256:")) return false;
    return text.substr(7).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_tag(std::string_view text) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    if (text.empty() || text.size() > 128 || !word(text[0])) return false;
    return std::ranges::all_of(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

std::string manifest_digest(std::string_view manifest) {
    return "sha256:" + aws::sigv4::sha256_hex(manifest);
}

static Unexpected invalid(std::string what) {
    return fail("InvalidManifest", std::move(what), 400);
}

static Result<std::string> digest_in(const wire::Json& descriptor, std::string_view where) {
    const std::string digest = descriptor["digest"].string_or("");
    if (!is_digest(digest))
        return invalid("The manifest's " + std::string(where) + " has no sha256 digest.");
    if (descriptor["size"].int_or(-1) < 0)
        return invalid("The manifest's " + std::string(where) + " has no size.");
    return digest;
}

constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_list =
    "application/vnd.docker.distribution.manifest.list.v2+json";

static Status read_image(const wire::Json& json, Image& image) {
    const wire::Json& config = json["config"];
    TRY(std::string config_digest, digest_in(config, "config"));
    image.artifact_type = json["artifactType"].string_or(config["mediaType"].string_or(""));
    image.bytes = config["size"].int_or(0);
    image.layers.push_back(std::move(config_digest));
    if (!json["layers"].is_array()) return invalid("The manifest has no list of layers.");
    if (json["layers"].size() > limits::layers_per_image)
        return invalid("The manifest has too many layers.");
    for (const wire::Json& layer : json["layers"].as_array()) {
        TRY(std::string digest, digest_in(layer, "layer"));
        image.bytes += layer["size"].int_or(0);
        image.layers.push_back(std::move(digest));
    }
    return ok();
}

Result<Image> read_manifest(std::string manifest, std::string_view media_type) {
    if (manifest.size() > limits::manifest_bytes)
        return invalid("The manifest is larger than 4 MiB.");
    auto parsed = wire::Json::parse(manifest);
    if (!parsed || !parsed->is_object()) return invalid("The manifest is not a JSON object.");
    const wire::Json& json = *parsed;
    if (json["schemaVersion"].int_or(0) != 2)
        return invalid("The manifest's schemaVersion is not 2. Push with a current client.");
    const bool index = json["manifests"].is_array();
    const std::string own = json["mediaType"].string_or("");
    Image image;
    image.media_type = !media_type.empty() ? std::string(media_type)
                       : !own.empty()      ? own
                                           : std::string(index ? oci_index : oci_manifest);
    if (!own.empty() && own != image.media_type)
        return invalid("The manifest says that it is " + own + ", the request that it is " +
                       image.media_type + ".");
    const bool known =
        index ? image.media_type == oci_index || image.media_type == docker_list
              : image.media_type == oci_manifest || image.media_type == docker_manifest;
    if (!known) return invalid("Manifests of the type " + image.media_type + " are not taken.");
    if (index) {
        for (const wire::Json& entry : json["manifests"].as_array()) {
            TRY(std::string digest, digest_in(entry, "list"));
            image.images.push_back(std::move(digest));
        }
        image.artifact_type = json["artifactType"].string_or("");
    } else {
        REQUIRE(read_image(json, image));
    }
    image.subject = json["subject"]["digest"].string_or("");
    image.manifest = std::move(manifest);
    return image;
}

bool tag_may_move(const Repository& repository, std::string_view tag) {
    const bool excepted = std::ranges::any_of(
        repository.exclusions,
        [&](const MutabilityFilter& exclusion) { return glob_match(exclusion.filter, tag); });
    if (repository.mutability == "IMMUTABLE") return false;
    if (repository.mutability == "IMMUTABLE_WITH_EXCLUSION") return excepted;
    if (repository.mutability == "MUTABLE_WITH_EXCLUSION") return !excepted;
    return true;
}

}  // namespace unkai::services::ecr
