#include "cli/manifest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "wire/yaml.h"

namespace unkai::cli {

namespace fs = std::filesystem;
using wire::Json;

namespace {

constexpr const char* manifest_name = "unkai.yaml";

Unexpected invalid(const std::string& file, const std::string& sentence) {
    return fail("InvalidManifest", file + ": " + sentence);
}

// One mapping of the manifest, with the words that it may hold.
class WordsManifest {
public:
    WordsManifest(const std::string& file, const std::string& place, const Json& json)
        : file_(file), place_(place), json_(json) {}

    Status allow(std::initializer_list<std::string_view> known) const {
        if (!json_.is_object()) return invalid(file_, place_ + " must be a mapping.");
        for (const auto& member : json_.as_object()) {
            if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
            std::string list;
            for (const std::string_view word : known)
                list += (list.empty() ? "" : ", ") + std::string(word);
            return invalid(file_, "'" + member.name + "' in " + place_ +
                                      " is unknown. Known are: " + list + ".");
        }
        return ok();
    }
    std::string text(std::string_view word) const { return json_[word].text(); }
    Result<std::string> needed(std::string_view word) const {
        if (json_[word].is_scalar() && !text(word).empty()) return text(word);
        return invalid(file_, place_ + " needs '" + std::string(word) + "'.");
    }
    const Json& operator[](std::string_view word) const { return json_[word]; }

private:
    const std::string& file_;
    std::string place_;
    const Json& json_;
};

Result<ImageStep> read_image(const Manifest& manifest, const WordsManifest& words) {
    REQUIRE(words.allow({"name", "context", "dockerfile", "repository", "tag_parameter"}));
    ImageStep image;
    TRY(const std::string context, words.needed("context"));
    image.context = (fs::path(manifest.folder) / context).lexically_normal();
    image.name = words.text("name").empty() ? context : words.text("name");
    image.dockerfile = words.text("dockerfile");
    if (!image.dockerfile.empty()) image.dockerfile = fs::path(manifest.folder) / image.dockerfile;
    TRY(image.repository, words.needed("repository"));
    image.tag_parameter = words.text("tag_parameter");
    return image;
}

// What a site and a package have in common.
Status read_build(const Manifest& manifest, const WordsManifest& words, SiteStep& site) {
    TRY(const std::string context, words.needed("context"));
    site.context = (fs::path(manifest.folder) / context).lexically_normal();
    site.name = words.text("name").empty() ? context : words.text("name");
    site.build = words.text("build");
    for (size_t i = 0; i < words["inputs"].size(); ++i)
        site.inputs.push_back(words["inputs"][i].text());
    TRY(const std::string output, words.needed("output"));
    site.output = (fs::path(site.context) / output).lexically_normal();
    TRY(site.bucket, words.needed("bucket"));
    return ok();
}

Result<SiteStep> read_site(const Manifest& manifest, const std::string& file,
                           const WordsManifest& words) {
    REQUIRE(words.allow({"name", "context", "build", "time_limit", "inputs", "output", "bucket",
                         "distribution", "cache_control"}));
    SiteStep site;
    if (!words.text("time_limit").empty()) {
        const int64_t seconds = words["time_limit"].int_or(0);
        if (seconds < 1) return invalid(file, "time_limit must be a number of seconds.");
        site.time_limit = std::chrono::seconds(seconds);
    }
    REQUIRE(read_build(manifest, words, site));
    site.distribution = words.text("distribution");
    for (size_t i = 0; i < words["cache_control"].size(); ++i) {
        const WordsManifest rule(file, "cache_control", words["cache_control"][i]);
        REQUIRE(rule.allow({"match", "value"}));
        TRY(std::string match, rule.needed("match"));
        TRY(std::string value, rule.needed("value"));
        site.cache_control.emplace_back(std::move(match), std::move(value));
    }
    return site;
}

Result<PackageStep> read_package(const Manifest& manifest, const WordsManifest& words) {
    REQUIRE(
        words.allow({"name", "context", "build", "inputs", "output", "bucket", "key_parameter"}));
    PackageStep package;
    SiteStep& site = package.site;
    REQUIRE(read_build(manifest, words, site));
    if (const size_t slash = site.bucket.find('/'); slash != std::string::npos) {
        package.bucket_stack = site.bucket.substr(0, slash);
        site.bucket.erase(0, slash + 1);
    }
    TRY(package.key_parameter, words.needed("key_parameter"));
    return package;
}

Result<CheckStep> read_check(const WordsManifest& words) {
    REQUIRE(words.allow({"output", "path", "status"}));
    CheckStep check;
    TRY(check.output, words.needed("output"));
    check.path = words.text("path").empty() ? "/" : words.text("path");
    check.status = static_cast<int>(words["status"].int_or(200));
    return check;
}

Result<Manifest> read_manifest(const std::string& file, const WordsManifest& words) {
    REQUIRE(words.allow(
        {"stack", "template", "parameters", "images", "sites", "packages", "buckets", "checks"}));
    Manifest manifest;
    manifest.folder = fs::path(file).parent_path();
    TRY(manifest.stack, words.needed("stack"));
    TRY(const std::string template_file, words.needed("template"));
    manifest.template_file = fs::path(manifest.folder) / template_file;
    if (words["parameters"].is_object())
        for (const auto& member : words["parameters"].as_object()) {
            if (!member.value.is_scalar())
                return invalid(file, "the parameter " + member.name + " must be a plain value.");
            manifest.parameters[member.name] = member.value.text();
        }
    for (size_t i = 0; i < words["images"].size(); ++i) {
        TRY(ImageStep image,
            read_image(manifest, WordsManifest(file, "images", words["images"][i])));
        manifest.images.push_back(std::move(image));
    }
    for (size_t i = 0; i < words["sites"].size(); ++i) {
        TRY(SiteStep site,
            read_site(manifest, file, WordsManifest(file, "sites", words["sites"][i])));
        manifest.sites.push_back(std::move(site));
    }
    for (size_t i = 0; i < words["buckets"].size(); ++i)
        manifest.buckets.push_back(words["buckets"][i].text());
    for (size_t i = 0; i < words["packages"].size(); ++i) {
        TRY(PackageStep package,
            read_package(manifest, WordsManifest(file, "packages", words["packages"][i])));
        manifest.packages.push_back(std::move(package));
    }
    for (size_t i = 0; i < words["checks"].size(); ++i) {
        TRY(CheckStep check, read_check(WordsManifest(file, "checks", words["checks"][i])));
        manifest.checks.push_back(std::move(check));
    }
    return manifest;
}

Result<std::vector<Manifest>> read_manifests(const std::string& file) {
    TRY(const std::string text, read_text_file(file));
    auto parsed = wire::parse_yaml(text);
    if (!parsed) return invalid(file, parsed.error().message);
    const WordsManifest words(file, "the manifest", *parsed);
    std::vector<Manifest> manifests;
    if (!words["stacks"].is_array()) {
        TRY(Manifest manifest, read_manifest(file, words));
        manifests.push_back(std::move(manifest));
        return manifests;
    }
    REQUIRE(words.allow({"stacks"}));
    for (size_t i = 0; i < words["stacks"].size(); ++i) {
        TRY(Manifest manifest,
            read_manifest(file, WordsManifest(file, "stacks", words["stacks"][i])));
        manifests.push_back(std::move(manifest));
    }
    if (manifests.empty()) return invalid(file, "'stacks' lists none.");
    return manifests;
}

// Letters, digits and hyphens, beginning with a letter: what CloudFormation takes.
std::string stack_name_of(const fs::path& file) {
    std::string name = file.stem();
    if (name == "template" && file.has_parent_path()) name = file.parent_path().filename();
    for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
    if (name.empty() || std::isalpha(static_cast<unsigned char>(name[0])) == 0)
        name = "stack-" + name;
    return name.substr(0, 128);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) return fail("FileUnreadable", "Cannot read " + path + ".");
    return text.str();
}

bool names_a_manifest(const std::string& path) {
    std::error_code error;
    return fs::is_directory(path, error) || fs::is_regular_file(path, error);
}

Result<std::vector<Manifest>> load_manifests(const std::string& path) {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(path, error);
    if (fs::is_directory(whole, error)) {
        if (fs::exists(whole / manifest_name, error)) return read_manifests(whole / manifest_name);
        return fail("ManifestNotFound", "There is no " + std::string(manifest_name) + " in " +
                                            path +
                                            ". Give a folder that has one (examples/saas), or a "
                                            "CloudFormation template's file.");
    }
    if (!fs::is_regular_file(whole, error))
        return fail("ManifestNotFound", path + " is neither a folder nor a file.");
    if (whole.filename() == manifest_name) return read_manifests(whole);
    Manifest manifest;
    manifest.folder = whole.parent_path();
    manifest.template_file = whole;
    manifest.stack = stack_name_of(whole);
    return std::vector<Manifest>{std::move(manifest)};
}

}  // namespace unkai::cli
