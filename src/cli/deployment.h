// What `unkai up` does with one stack, step by step: images, packages, the stack, sites, checks.
//
// Images and packages are built first, because their names are parameters of the stack. While the
// stack is being made, each image is pushed as soon as its repository exists, and each site
// uploaded as soon as its bucket exists; sites are built meanwhile. Everything may be run again at
// any time: what is there already is left alone, what is half done is followed or finished, what
// could not be created is deleted and made anew.
#pragma once

#include <future>

#include "cli/checks.h"
#include "cli/image.h"
#include "cli/manifest.h"
#include "cli/site.h"
#include "cli/stack.h"

namespace unkai::cli {

struct DeploymentOptions {
    bool build = true;            // False: take images and sites as they were built last.
    bool check = true;            // Ask the manifest's checks.
    bool one_of_several = false;  // Of the stacks of one manifest.
    bool check_urls = false;      // Without checks in the manifest: ask every output that is a URL.
    Duration check_timeout = 60s;
};

class Deployment {
public:
    Deployment(const Installation& installation, Control& control, Progress& progress,
               Manifest manifest, DeploymentOptions options);
    ~Deployment();

    // Errors: those of the builds, InvalidManifest, CloudFormation's, StackFailed, CheckFailed.
    Status run();
    const StackState& state() const { return state_; }
    bool changed() const { return changed_; }
    std::vector<std::string> checked() const { return checked_; }

private:
    struct ImageJob {
        ImageStep step;
        std::string digest, tag;
        std::future<Result<images::Pushed>> pushing;
        bool started = false, done = false;
    };
    struct SiteJob {
        SiteStep step;
        std::future<Result<bool>> building;
        std::future<Result<Synced>> syncing;
        bool built = false, started = false, done = false;
        Synced synced;
    };

    Status upload_packages();
    Status upload_package(const PackageStep& step);
    Status build_images();
    Status build_image(ImageJob& job);
    void begin_sites();
    Status bring_to_rest();
    Status deploy();
    Result<bool> ask_for_it(bool exists);  // False: nothing to update.
    Result<wire::Json> request(bool exists);
    Status remove_stillborn();
    Status follow(StackWatch& watch, bool with_jobs);
    Status advance_jobs(const std::map<std::string, std::string>& ready);
    Status advance_image(ImageJob& job, const std::map<std::string, std::string>& ready);
    Status advance_site(SiteJob& job, const std::map<std::string, std::string>& ready);
    Status finish_jobs();
    bool jobs_done() const;
    Status invalidate(const std::map<std::string, std::string>& ready);
    Status run_checks();
    Error failure(const StackWatch& watch) const;
    void remember() const;

    const Installation& installation_;
    Control& control_;
    Progress& progress_;
    Manifest manifest_;
    DeploymentOptions options_;
    std::string memory_;  // Folder.
    std::vector<ImageJob> images_;
    std::vector<SiteJob> sites_;
    StackState state_;
    bool changed_ = false;
    std::vector<std::string> checked_;
};

// <data>/up/<stack>: what is remembered of a deployment.
std::string memory_folder(const Installation& installation, const std::string& stack);
// The manifest with which that stack was deployed from here; nullopt when it was not.
std::optional<Manifest> remembered_manifest(const Installation& installation,
                                            const std::string& stack);

}  // namespace unkai::cli
