// A site's files: built when their sources changed, and made the same in a bucket.
//
// What was built is remembered in the image cache's folder, so that it outlives installations; what
// was uploaded in files below <data>/up/<stack>/. Losing them costs a build and an upload.
// Blocking; each call runs its own loop, so any thread may make it.
#pragma once

#include <functional>

#include "cli/control.h"
#include "cli/manifest.h"

namespace unkai::cli {

// Runs the build command unless the inputs, the command and the output are those of the last time.
// False: nothing was to do. `told` hears of a second attempt. Errors: as run_site_build().
Result<bool> build_site(
    const SiteStep& site, const std::function<void(std::string)>& told = [](std::string) {});

struct Synced {
    size_t uploaded = 0, removed = 0, unchanged = 0;
    bool changed() const { return uploaded + removed > 0; }
};
// Uploads what differs, with its Content-Type and Cache-Control, pages (*.html) last; then removes
// what is gone. Errors: SiteEmpty, FileUnreadable, UploadFailed with S3's own words.
Result<Synced> sync_site(const Installation& installation, const SiteStep& site,
                         const std::string& bucket, const std::string& memory_folder);

// Puts one object, unless there is one of that key; its content never changes under a key. False:
// it was there.
Result<bool> upload_once(const Installation& installation, const std::string& bucket,
                         const std::string& key, std::string bytes);

// Deletes all objects and unfinished uploads. How many objects there were.
Result<size_t> empty_bucket(Control& control, const std::string& bucket);

// By the name's ending: "text/html; charset=utf-8".
std::string content_type_of(std::string_view name);

}  // namespace unkai::cli
