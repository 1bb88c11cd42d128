#include "cli/package.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/site.h"
#include "images/hash.h"

namespace unkai::cli {

namespace fs = std::filesystem;

namespace {

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
constexpr uint64_t most_unpacked = 250'000'000;

struct PackedFile {
    std::string name;
    bool executable = false;
};

Result<std::vector<PackedFile>> files_to_pack(const std::string& folder) {
    std::vector<PackedFile> files;
    uint64_t size = 0;
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(folder, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const bool cache = entry->path().filename() == "__pycache__";
        if (cache) entry.disable_recursion_pending();
        if (cache || !entry->is_regular_file(error)) continue;
        size += entry->file_size(error);
        const auto mode = entry->status(error).permissions();
        files.push_back({entry->path().lexically_relative(folder),
                         (mode & fs::perms::owner_exec) != fs::perms::none});
    }
    if (files.empty())
        return fail("PackageEmpty", "There are no files in " + folder +
                                        "; does the build command of the package write there?");
    if (size > most_unpacked)
        return fail("PackageTooLarge", folder + " holds " + std::to_string(size) +
                                           " bytes; Lambda unpacks at most 250 MB, layers "
                                           "included. Use a container image instead.");
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return files;
}

la_ssize_t append_bytes(archive*, void* bytes, const void* buffer, size_t length) {
    static_cast<std::string*>(bytes)->append(static_cast<const char*>(buffer), length);
    return static_cast<la_ssize_t>(length);
}

Status add_entry(archive* zip, const std::string& folder, const PackedFile& file) {
    TRY(const std::string text, read_text_file(fs::path(folder) / file.name));
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.executable ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), 315532800, 0);  // 1980: the same files, the same bytes.
    archive_entry_set_size(entry.get(), static_cast<int64_t>(text.size()));
    if (archive_write_header(zip, entry.get()) != ARCHIVE_OK ||
        archive_write_data(zip, text.data(), text.size()) < 0)
        return fail("PackageFailed", "Packing " + file.name + ": " + archive_error_string(zip));
    return ok();
}

}  // namespace

Result<Package> make_package(const PackageStep& step) {
    REQUIRE(build_site(step.site));
    TRY(const auto files, files_to_pack(step.site.output));
    Package package;
    const std::unique_ptr<archive, int (*)(archive*)> zip(archive_write_new(), archive_write_free);
    archive_write_set_format_zip(zip.get());
    archive_write_open(zip.get(), &package.bytes, nullptr, append_bytes, nullptr);
    for (const PackedFile& file : files) REQUIRE(add_entry(zip.get(), step.site.output, file));
    if (archive_write_close(zip.get()) != ARCHIVE_OK)
        return fail("PackageFailed",
                    "Packing " + step.site.output + ": " + archive_error_string(zip.get()));
    package.key = step.site.name + "-" + images::sha256_of(package.bytes).substr(0, 16) + ".zip";
    return package;
}

}  // namespace unkai::cli
