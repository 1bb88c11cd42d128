#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "store/engine.h"

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
    explicit RocksEngine(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}
    ~RocksEngine() override {
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

    Status sync() override { return from_rocks(db_->FlushWAL(true)); }

    Status clear() override {
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
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

Result<std::unique_ptr<Engine>> rocks_engine(const std::string& directory) {
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options(), directory, &db);
    if (!status.ok()) {
        const bool locked = status.ToString().find("lock") != std::string::npos;
        return fail(
            "StoreUnavailable",
            locked ? "Another unkai uses " + directory +
                         ". Stop it with 'unkai stop', or choose "
                         "another folder with --data-dir."
                   : "The store in " + directory + " cannot be opened: " + status.ToString() + ".",
            503);
    }
    return std::unique_ptr<Engine>(std::make_unique<RocksEngine>(std::unique_ptr<rocksdb::DB>(db)));
}

}  // namespace unkai::store
