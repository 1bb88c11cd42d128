#include "services/s3/versions.h"

#include "base/strings.h"

namespace unkai::services::s3 {

constexpr size_t version_id_length = 32;
constexpr size_t version_stamp_digits = 13;

std::string new_version_id(int64_t stamp, Random& random) {
    std::string digits;
    for (size_t i = 0; i < version_stamp_digits; ++i, stamp >>= 4)
        digits.insert(digits.begin(), "0123456789abcdef"[stamp & 15]);
    return random.alphanumeric(version_id_length - version_stamp_digits) + digits;
}

std::optional<int64_t> stamp_of(std::string_view id) {
    if (id.size() != version_id_length) return std::nullopt;
    const auto raw = parse_uint(id.substr(version_id_length - version_stamp_digits), 16);
    if (!raw) return std::nullopt;
    return static_cast<int64_t>(*raw);
}

int64_t stamp_of(const s3::Object& object) {
    return object.stamp != 0 ? object.stamp : micros(object.modified);
}

Status check_version_id(const std::optional<std::string>& id) {
    if (!id || id->empty() || *id == "null" || stamp_of(*id)) return ok();
    return unkai::Error{"InvalidArgument", "Invalid version id specified", 400, {}}
        .with("ArgumentName", "versionId")
        .with("ArgumentValue", *id);
}

std::string shown_version(const s3::Object& object) {
    return object.version.empty() ? "null" : object.version;
}

static bool has_inline_body(const s3::Object& object) {
    return object.segments.size() == 1 && object.segments[0].blob.empty();
}

std::optional<Versions::Row> Versions::first_row(const std::string& key) const {
    std::optional<Row> out;
    schema::versions.each(call_.txn(), store::key_prefix(bucket_.name, key),
                          [&](const auto& place, const Version& version) {
                              out.emplace(place, version);
                              return false;
                          });
    return out;
}

std::optional<Found> Versions::newest(const std::string& key) const {
    if (auto object = schema::objects.get(call_.txn(), {bucket_.name, key}))
        return Found{*std::move(object), false, true};
    if (bucket_.versioning.empty()) return std::nullopt;
    auto row = first_row(key);
    if (!row) return std::nullopt;
    return Found{std::move(row->second.object), row->second.marker, false};
}

std::optional<Found> Versions::find(const std::string& key, const std::string& id) const {
    const std::string wanted = id == "null" ? "" : id;
    if (auto object = schema::objects.get(call_.txn(), {bucket_.name, key});
        object && object->version == wanted)
        return Found{*std::move(object), false, true};
    if (bucket_.versioning.empty()) return std::nullopt;
    std::optional<Found> out;
    if (wanted.empty()) {
        schema::versions.each(call_.txn(), store::key_prefix(bucket_.name, key),
                              [&](const auto&, const Version& version) {
                                  if (!version.object.version.empty()) return true;
                                  out = Found{version.object, version.marker, false};
                                  return false;
                              });
        return out;
    }
    const auto stamp = stamp_of(wanted);
    if (!stamp) return std::nullopt;
    const auto version = schema::versions.get(call_.txn(), {bucket_.name, key, -*stamp});
    if (version && version->object.version == wanted)
        out = Found{version->object, version->marker, false};
    return out;
}

std::string Versions::inline_body(const std::string& key, const Found& found) const {
    if (!has_inline_body(found.object)) return {};
    const auto bytes =
        found.current
            ? schema::bodies.get(call_.txn(), {bucket_.name, key})
            : schema::version_bodies.get(call_.txn(), {bucket_.name, key, -stamp_of(found.object)});
    return bytes.value_or("");
}

void Versions::update(const std::string& key, const Found& found) const {
    if (found.current) return schema::objects.put(call_.txn(), {bucket_.name, key}, found.object);
    const std::tuple place{bucket_.name, key, -stamp_of(found.object)};
    auto version = schema::versions.get(call_.txn(), place);
    if (!version) return;
    version->object = found.object;
    schema::versions.put(call_.txn(), place, *version);
}

int64_t Versions::next_stamp(const std::string& key) const {
    int64_t stamp = micros(call_.env.now());
    if (const auto last = newest(key)) stamp = std::max(stamp, stamp_of(last->object) + 1);
    return stamp;
}

// Something newer comes: what is the newest now is noncurrent from now on.
void Versions::cover(const std::string& key) const {
    const auto current = schema::objects.get(call_.txn(), {bucket_.name, key});
    if (!current) {
        if (auto row = first_row(key); row && row->second.marker) {
            row->second.since = call_.env.now();
            schema::versions.put(call_.txn(), row->first, row->second);
        }
        return;
    }
    const std::tuple place{bucket_.name, key, -stamp_of(*current)};
    if (has_inline_body(*current))
        schema::version_bodies.put(
            call_.txn(), place, schema::bodies.get(call_.txn(), {bucket_.name, key}).value_or(""));
    schema::versions.put(call_.txn(), place, {*current, false, call_.env.now()});
    schema::bodies.erase(call_.txn(), {bucket_.name, key});
    schema::objects.erase(call_.txn(), {bucket_.name, key});
}

// The key has no current object: the newest version becomes it, if it is one.
void Versions::promote(const std::string& key) const {
    const auto row = first_row(key);
    if (!row || row->second.marker) return;
    const Found found{row->second.object, false, false};
    if (has_inline_body(found.object)) {
        schema::bodies.put(call_.txn(), {bucket_.name, key}, inline_body(key, found));
        schema::version_bodies.erase(call_.txn(), row->first);
    }
    schema::objects.put(call_.txn(), {bucket_.name, key}, found.object);
    schema::versions.erase(call_.txn(), row->first);
}

void Versions::erase(const std::string& key, const Found& found) const {
    discard_(found.object.segments);
    if (found.current) {
        schema::objects.erase(call_.txn(), {bucket_.name, key});
        schema::bodies.erase(call_.txn(), {bucket_.name, key});
        return;
    }
    const std::tuple place{bucket_.name, key, -stamp_of(found.object)};
    schema::versions.erase(call_.txn(), place);
    schema::version_bodies.erase(call_.txn(), place);
}

void Versions::drop_null(const std::string& key) const {
    if (const auto old = find(key, "null")) erase(key, *old);
}

std::string Versions::put(const std::string& key, s3::Object object,
                          std::string inline_bytes) const {
    if (bucket_.versioning.empty()) {
        if (const auto old = schema::objects.get(call_.txn(), {bucket_.name, key}))
            discard_(old->segments);
    } else {
        object.stamp = next_stamp(key);
        if (bucket_.versioning == "Enabled")
            object.version = new_version_id(object.stamp, call_.env.random);
        else
            drop_null(key);
        cover(key);
    }
    schema::objects.put(call_.txn(), {bucket_.name, key}, object);
    if (has_inline_body(object))
        schema::bodies.put(call_.txn(), {bucket_.name, key}, inline_bytes);
    else
        schema::bodies.erase(call_.txn(), {bucket_.name, key});
    return object.version;
}

Removed Versions::remove(const std::string& key) const {
    const auto current = schema::objects.get(call_.txn(), {bucket_.name, key});
    if (bucket_.versioning.empty()) {
        if (current) erase(key, {*current, false, true});
        return {};
    }
    Version marker{{}, true, call_.env.now()};
    marker.object.modified = call_.env.now();
    marker.object.stamp = next_stamp(key);
    if (bucket_.versioning == "Enabled")
        marker.object.version = new_version_id(marker.object.stamp, call_.env.random);
    else
        drop_null(key);
    cover(key);
    schema::versions.put(call_.txn(), {bucket_.name, key, -marker.object.stamp}, marker);
    return {true, shown_version(marker.object)};
}

Removed Versions::remove(const std::string& key, const std::string& id) const {
    const auto found = find(key, id);
    if (bucket_.versioning.empty()) {
        if (found) erase(key, *found);
        return {};
    }
    if (!found) return {false, id};
    erase(key, *found);
    if (!schema::objects.has(call_.txn(), {bucket_.name, key})) promote(key);
    return {found->marker, id};
}

}  // namespace unkai::services::s3
