// An example's unkai.yaml: what `unkai up` and `unkai down` do with a folder. The words are
// explained in examples/saas/README.md; unknown ones are errors, so that a slip of the pen is seen.
//
//     TRY(const std::vector<Manifest> manifests, load_manifests("examples/saas"));
//
// One manifest a stack, in the order in which they are deployed: `stacks:` lists several. A lone
// CloudFormation template (TEMPLATE.yaml, .yml, .json) is a manifest without images and sites.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace unkai::cli {

struct ImageStep {
    std::string name;
    std::string context;        // A folder with a Dockerfile; absolute.
    std::string dockerfile;     // Empty: the context's.
    std::string repository;     // Logical id of the AWS::ECR::Repository.
    std::string tag_parameter;  // Gets the tag; empty: the tag is "latest".
};

struct SiteStep {
    std::string name;
    std::string context;              // A folder; absolute.
    std::string build;                // A shell command; empty: the output is there already.
    Duration time_limit = 240s;       // Of one attempt to build; there are two.
    std::vector<std::string> inputs;  // Of the context. Empty: all of it but the output.
    std::string output;               // The folder that goes into the bucket.
    std::string bucket;               // Logical id.
    std::string distribution;         // Logical id; empty: none.
    std::vector<std::pair<std::string, std::string>> cache_control;  // Pattern, value.
};

// A function's code or a layer: a folder as a zip in a bucket that is there already.
struct PackageStep {
    SiteStep site;              // name, context, build, inputs, output; bucket: see below.
    std::string bucket_stack;   // "artifacts" of "artifacts/Bucket"; empty: this stack.
    std::string key_parameter;  // Gets the object's key, which names its content.
};

struct CheckStep {
    std::string output, path;
    int status = 200;
};

struct Manifest {
    std::string folder;         // Absolute.
    std::string stack;          // Its name.
    std::string template_file;  // Absolute.
    std::map<std::string, std::string> parameters;
    std::vector<ImageStep> images;
    std::vector<SiteStep> sites;
    std::vector<PackageStep> packages;
    std::vector<std::string> buckets;  // Logical ids: emptied before the stack is deleted.
    std::vector<CheckStep> checks;

    // Nothing but a template?
    bool is_lone() const { return images.empty() && sites.empty() && packages.empty(); }
};

// A folder with an unkai.yaml, that file itself, or a template, whose stack is named after the
// file. Errors: ManifestNotFound, InvalidManifest (with file, line or word).
Result<std::vector<Manifest>> load_manifests(const std::string& path);

// Whether `path` is something that load_manifests() reads, rather than a stack's name.
bool names_a_manifest(const std::string& path);

Result<std::string> read_text_file(const std::string& path);

}  // namespace unkai::cli
