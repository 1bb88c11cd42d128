// Typed tables over the store. A service's schema.h is the only place that names them:
//
//     inline const store::Table<Queue, std::string, std::string> queues{"sqs/queues"};  // account,
//     name
//
//     std::optional<Queue> queue = queues.get(txn, {account, name});
//     queues.put(txn, {account, name}, *queue);
//     for (auto& [key, queue] : queues.list(txn, account)) …          // all whose key starts so
//     queues.each(txn, store::key_prefix(account), visit, after_key);  // paged
//
// Key parts: std::string (any bytes), integers and Time (ordered by value). The order of a table is
// the order of its keys, part by part. A damaged record is a bug (CHECK), never an empty answer.
#pragma once

#include <tuple>

#include "store/record.h"
#include "store/store.h"

namespace unkai::store {

void put_key_part(std::string& out, std::string_view part);
void put_key_part(std::string& out, int64_t part);
inline void put_key_part(std::string& out, const std::string& part) {
    put_key_part(out, std::string_view(part));
}
inline void put_key_part(std::string& out, const char* part) {
    put_key_part(out, std::string_view(part));
}
inline void put_key_part(std::string& out, Time part) { put_key_part(out, micros(part)); }
template <std::integral T>
void put_key_part(std::string& out, T part) {
    put_key_part(out, static_cast<int64_t>(part));
}
bool take_key_part(std::string_view& in, std::string& part);
bool take_key_part(std::string_view& in, int64_t& part);
inline bool take_key_part(std::string_view& in, Time& part) {
    int64_t raw = 0;
    const bool good = take_key_part(in, raw);
    part = from_micros(raw);
    return good;
}
template <std::integral T>
bool take_key_part(std::string_view& in, T& part) {
    int64_t raw = 0;
    const bool good = take_key_part(in, raw);
    part = static_cast<T>(raw);
    return good;
}

// The bytes with which every key that starts with these parts starts.
template <class... Parts>
std::string key_prefix(const Parts&... parts) {
    std::string out;
    (put_key_part(out, parts), ...);
    return out;
}

// The first key after all that start with `prefix`.
std::string after_prefix(std::string prefix);

template <class R, class... Parts>
class Table {
public:
    using Key = std::tuple<Parts...>;
    using Row = std::pair<Key, R>;

    explicit Table(std::string name) : prefix_(std::move(name) + '\0') {}

    // The prefix to watch (Store::watch) for changes of this table.
    const std::string& prefix() const { return prefix_; }
    std::string encode(const Key& key) const {
        std::string out = prefix_;
        std::apply([&](const auto&... part) { (put_key_part(out, part), ...); }, key);
        return out;
    }
    Key decode(std::string_view bytes) const {
        CHECK(bytes.starts_with(prefix_));
        bytes.remove_prefix(prefix_.size());
        Key key;
        const bool good =
            std::apply([&](auto&... part) { return (take_key_part(bytes, part) && ...); }, key);
        CHECK(good && bytes.empty(), "a damaged key in the store");
        return key;
    }

    std::optional<R> get(Txn& txn, const Key& key) const {
        const auto bytes = txn.get(encode(key));
        if (!bytes) return std::nullopt;
        return record(*bytes);
    }
    bool has(Txn& txn, const Key& key) const { return txn.get(encode(key)).has_value(); }
    void put(Txn& txn, const Key& key, const R& value) const {
        std::string bytes;
        Codec<R>::encode(bytes, value);
        txn.put(encode(key), std::move(bytes));
    }
    void erase(Txn& txn, const Key& key) const { txn.erase(encode(key)); }

    // All rows whose keys start with these parts.
    template <class... Prefix>
    std::vector<Row> list(Txn& txn, const Prefix&... parts) const {
        std::vector<Row> rows;
        each(txn, key_prefix(parts...), [&](Key key, R value) {
            rows.emplace_back(std::move(key), std::move(value));
            return true;
        });
        return rows;
    }
    // Visits rows whose encoded key parts start with `prefix`, beginning after `after` if given.
    template <class Visit>  // bool(Key, R): false ends
    void each(Txn& txn, const std::string& prefix, const Visit& visit,
              const std::optional<Key>& after = std::nullopt) const {
        const std::string begin = after ? encode(*after) + '\0' : prefix_ + prefix;
        txn.range(begin, after_prefix(prefix_ + prefix),
                  [&](std::string_view key, std::string_view value) {
                      return visit(decode(key), record(value));
                  });
    }

private:
    static R record(std::string_view bytes) {
        R value{};
        CHECK(Codec<R>::decode(bytes, value), "a damaged record in the store");
        return value;
    }

    std::string prefix_;
};

}  // namespace unkai::store
