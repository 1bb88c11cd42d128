#include "store/rocks_engine.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "rt/fd.h"

namespace unkai::store {

namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

Status from_rocks(const rocksdb::Status& status) {
    if (status.ok()) return ok();
    return fail("StoreUnavailable",
                "The store on disk refuses: " + status.ToString() +
                    ". Free space or repair the disk, then restart unkai.",
                503);
}

// A store that is new is not synced piece by piece while RocksDB makes it: a dozen syncs take
// longer than the rest of a start, and nothing in it was acknowledged. The first sync() is its
// birth: all of its files go to disk, behind those that were made with it. Until then a
// mark lies in its folder; a store with the mark that cannot be opened (power was lost meanwhile)
// is made anew.
class Birth {
public:
    Birth(std::string directory, std::vector<std::string> made_with)
        : directory_(std::move(directory)), made_with_(std::move(made_with)) {
        std::error_code error;
        pending_ = std::filesystem::exists(mark(), error) ||
                   !std::filesystem::exists(directory_ + "/CURRENT", error);
        if (!pending_) return;
        std::filesystem::create_directories(directory_, error);
        std::ofstream(mark()) << "New, not yet synced.\n";
    }
    bool pending() const { return pending_; }

    Status complete() {
        const std::lock_guard lock(mutex_);
        if (pending_.exchange(false))
            if (Status synced = sync_all(); !synced) failed_ = synced.error();
        if (failed_) return *failed_;
        return ok();
    }

private:
    std::string mark() const { return directory_ + "/NEW"; }

    Status sync_all() {
        for (const std::string& path : made_with_) REQUIRE(sync_one(path));
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(directory_, error))
            REQUIRE(sync_one(entry.path()));
        REQUIRE(sync_one(std::filesystem::path(directory_).parent_path()));
        std::filesystem::remove(mark(), error);
        return sync_one(directory_);
    }

    // Files come and go meanwhile.
    static Status sync_one(const std::filesystem::path& path) {
        const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!file || ::fsync(file.get()) == 0 || errno == EINVAL) return ok();
        return fail("StoreUnavailable",
                    "Cannot write " + path.string() + " to disk: " + std::strerror(errno) +
                        ". Free space or repair the disk, then restart unkai.",
                    503);
    }

    const std::string directory_;
    const std::vector<std::string> made_with_;
    std::atomic<bool> pending_ = false;
    std::mutex mutex_;
    std::optional<Error> failed_;
};

class NewFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    NewFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<const Birth> birth)
        : FSWritableFileOwnerWrapper(std::move(file)), birth_(std::move(birth)) {}
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
        if (birth_->pending()) return rocksdb::IOStatus::OK();
        return FSWritableFileOwnerWrapper::Sync(options, context);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
        if (birth_->pending()) return rocksdb::IOStatus::OK();
        return FSWritableFileOwnerWrapper::Fsync(options, context);
    }

private:
    const std::shared_ptr<const Birth> birth_;
};

class NewFolder final : public rocksdb::FSDirectoryWrapper {
public:
    NewFolder(std::unique_ptr<rocksdb::FSDirectory>&& folder, std::shared_ptr<const Birth> birth)
        : FSDirectoryWrapper(std::move(folder)), birth_(std::move(birth)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
        if (birth_->pending()) return rocksdb::IOStatus::OK();
        return FSDirectoryWrapper::Fsync(options, context);
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* context,
                                          const rocksdb::DirFsyncOptions& how) override {
        if (birth_->pending()) return rocksdb::IOStatus::OK();
        return FSDirectoryWrapper::FsyncWithDirOptions(options, context, how);
    }

private:
    const std::shared_ptr<const Birth> birth_;
};

class NewFiles final : public rocksdb::FileSystemWrapper {
public:
    explicit NewFiles(std::shared_ptr<const Birth> birth)
        : FileSystemWrapper(rocksdb::FileSystem::Default()), birth_(std::move(birth)) {}
    const char* Name() const override { return "NewFiles"; }
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* context) override {
        auto status = target()->NewWritableFile(name, options, result, context);
        if (status.ok()) *result = std::make_unique<NewFile>(std::move(*result), birth_);
        return status;
    }
    rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* result,
                                   rocksdb::IODebugContext* context) override {
        auto status = target()->NewDirectory(name, options, result, context);
        if (status.ok()) *result = std::make_unique<NewFolder>(std::move(*result), birth_);
        return status;
    }

private:
    const std::shared_ptr<const Birth> birth_;
};

// Small buffers: the control plane's records are few, and an idle Unkai should weigh little.
rocksdb::Options options() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 4 << 20;
    options.max_write_buffer_number = 2;
    options.max_open_files = 64;
    options.max_background_jobs = 2;
    options.keep_log_file_num = 1;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.recycle_log_file_num = 0;
    options.bytes_per_sync = 1 << 20;
    options.compression = rocksdb::kNoCompression;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(8 << 20);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

class RocksEngine final : public Engine {
public:
    RocksEngine(std::shared_ptr<Birth> birth, std::unique_ptr<rocksdb::Env> env,
                std::unique_ptr<rocksdb::DB> db)
        : birth_(std::move(birth)), env_(std::move(env)), db_(std::move(db)) {}
    ~RocksEngine() override {
        (void)birth_->complete();
        db_->FlushWAL(true);
        db_->Close();
    }

    std::optional<std::string> get(std::string_view key) override {
        std::string value;
        const auto status = db_->Get({}, slice(key), &value);
        if (status.IsNotFound()) return std::nullopt;
        CHECK(status.ok(), "the store on disk cannot be read");
        return value;
    }

    void range(std::string_view begin, std::string_view end,
               const std::function<bool(std::string_view, std::string_view)>& visit) override {
        rocksdb::ReadOptions read;
        const rocksdb::Slice upper = slice(end);
        read.iterate_upper_bound = &upper;
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read));
        for (it->Seek(slice(begin)); it->Valid(); it->Next())
            if (!visit(view(it->key()), view(it->value()))) return;
        CHECK(it->status().ok(), "the store on disk cannot be read");
    }

    Status write(std::span<const Change> changes) override {
        rocksdb::WriteBatch batch;
        for (const Change& change : changes) {
            if (change.value)
                batch.Put(slice(change.key), slice(*change.value));
            else
                batch.Delete(slice(change.key));
        }
        return from_rocks(db_->Write({}, &batch));
    }

    Status sync() override {
        REQUIRE(birth_->complete());
        return from_rocks(db_->FlushWAL(true));
    }

    Status clear() override {
        REQUIRE(birth_->complete());
        const std::string last(1100, '\xFF');
        rocksdb::WriteOptions options;
        options.sync = true;
        rocksdb::WriteBatch batch;
        batch.DeleteRange(rocksdb::Slice(), slice(last));
        return from_rocks(db_->Write(options, &batch));
    }

    Status snapshot(const std::string& directory) override {
        rocksdb::Checkpoint* made = nullptr;
        REQUIRE(from_rocks(rocksdb::Checkpoint::Create(db_.get(), &made)));
        const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
        return from_rocks(checkpoint->CreateCheckpoint(directory));
    }

private:
    std::shared_ptr<Birth> birth_;
    std::unique_ptr<rocksdb::Env> env_;  // Of a store that was new.
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

Result<std::unique_ptr<Engine>> rocks_engine(const std::string& directory) {
    return rocks_engine(directory, {});
}

Result<std::unique_ptr<Engine>> rocks_engine(const std::string& directory,
                                             std::vector<std::string> made_with) {
    const auto birth = std::make_shared<Birth>(directory, std::move(made_with));
    rocksdb::Options wanted = options();
    std::unique_ptr<rocksdb::Env> env;
    if (birth->pending()) {
        env = rocksdb::NewCompositeEnv(std::make_shared<NewFiles>(birth));
        wanted.env = env.get();
    }
    rocksdb::DB* db = nullptr;
    auto status = rocksdb::DB::Open(wanted, directory, &db);
    const auto is_locked = [&] { return status.ToString().find("lock") != std::string::npos; };
    if (!status.ok() && birth->pending() && !is_locked() &&
        rocksdb::DestroyDB(directory, wanted).ok())
        status = rocksdb::DB::Open(wanted, directory, &db);
    if (!status.ok()) {
        const bool locked = is_locked();
        return fail(
            "StoreUnavailable",
            locked ? "Another unkai uses " + directory +
                         ". Stop it with 'unkai stop', or choose "
                         "another folder with --data-dir."
                   : "The store in " + directory + " cannot be opened: " + status.ToString() + ".",
            503);
    }
    return std::unique_ptr<Engine>(
        std::make_unique<RocksEngine>(birth, std::move(env), std::unique_ptr<rocksdb::DB>(db)));
}

}  // namespace unkai::store
