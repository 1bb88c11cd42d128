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
    schema::parts.each(txn, "", [&](const auto&, const s3::Part& part) {
        keep(part.segment);
        return true;
    });
    co_return co_await blobs_.sweep(std::move(alive));
}

void S3::erase_later(aws::Call& call, const std::vector<Segment>& segments) {
    for (const Segment& segment : segments)
        if (!segment.blob.empty())
            call.after_commit([this, id = segment.blob] { background_.spawn(erase_blob(id)); });
}

void S3::store_object(aws::Call& call, const std::string& bucket, const std::string& key,
                      const s3::Object& object, std::string inline_bytes) {
    if (const auto old = schema::objects.get(call.txn(), {bucket, key}))
        erase_later(call, old->segments);
    schema::objects.put(call.txn(), {bucket, key}, object);
    const bool is_inline = object.segments.size() == 1 && object.segments[0].blob.empty();
    if (is_inline)
        schema::bodies.put(call.txn(), {bucket, key}, inline_bytes);
    else
        schema::bodies.erase(call.txn(), {bucket, key});
}

}  // namespace unkai::services::s3
