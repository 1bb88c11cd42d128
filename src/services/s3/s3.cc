#include "services/s3/s3.h"

namespace unkai::services::s3 {

Task<Status> S3::recover() {
    store::Txn txn = store_.begin();
    std::set<store::BlobId> alive;
    const auto keep = [&](const Segment& segment) {
        if (!segment.blob.empty()) alive.insert(segment.blob);
    };
    schema::objects.each(txn, "", [&](const auto&, const s3::Object& object) {
        for (const Segment& segment : object.segments) keep(segment);
        return true;
    });
    schema::versions.each(txn, "", [&](const auto&, const Version& version) {
        for (const Segment& segment : version.object.segments) keep(segment);
        return true;
    });
    schema::parts.each(txn, "", [&](const auto&, const s3::Part& part) {
        keep(part.segment);
        return true;
    });
    CO_REQUIRE(co_await blobs_.sweep(std::move(alive)));
    background_.spawn(run_lifecycles());
    co_return ok();
}

void S3::erase_later(aws::Call& call, const std::vector<Segment>& segments) {
    for (const Segment& segment : segments)
        if (!segment.blob.empty())
            call.after_commit([this, id = segment.blob] { background_.spawn(erase_blob(id)); });
}

void S3::drop_upload(aws::Call& call,
                     const std::tuple<std::string, std::string, std::string>& key) {
    for (const auto& [part_key, part] : schema::parts.list(call.txn(), std::get<2>(key))) {
        erase_later(call, {part.segment});
        schema::parts.erase(call.txn(), part_key);
    }
    schema::uploads.erase(call.txn(), key);
}

}  // namespace unkai::services::s3
