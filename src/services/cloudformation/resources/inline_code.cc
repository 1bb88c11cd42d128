#include "services/cloudformation/resources/inline_code.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/check.h"
#include "base/strings.h"

namespace unkai::services::cloudformation {

std::string inline_code(std::string_view source, std::string_view runtime) {
    std::string made(source.size() + 4096, '\0');
    size_t used = 0;
    const std::unique_ptr<archive, int (*)(archive*)> zip(archive_write_new(), archive_write_free);
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> file(archive_entry_new(),
                                                                        archive_entry_free);
    archive_entry_set_pathname(file.get(), runtime.starts_with("nodejs") ? "index.js" : "index.py");
    archive_entry_set_filetype(file.get(), AE_IFREG);
    archive_entry_set_perm(file.get(), 0644);
    archive_entry_set_mtime(file.get(), 315532800, 0);  // 1980, a zip's first day: always the same.
    archive_entry_set_size(file.get(), static_cast<int64_t>(source.size()));
    const bool written =
        archive_write_set_format_zip(zip.get()) == ARCHIVE_OK &&
        archive_write_zip_set_compression_store(zip.get()) == ARCHIVE_OK &&
        archive_write_open_memory(zip.get(), made.data(), made.size(), &used) == ARCHIVE_OK &&
        archive_write_header(zip.get(), file.get()) == ARCHIVE_OK &&
        archive_write_data(zip.get(), source.data(), source.size()) ==
            static_cast<la_ssize_t>(source.size()) &&
        archive_write_close(zip.get()) == ARCHIVE_OK;
    CHECK(written, "a zip archive in memory");
    made.resize(used);
    return base64(made);
}

}  // namespace unkai::services::cloudformation
