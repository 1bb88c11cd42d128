#include "services/lambda/directory.h"

namespace unkai::services::lambda {

Directory::Directory(store::Store& store) : store_(store) {
    const auto forget = [this](std::span<const store::Change>, bool) {
        versions_.clear();
        functions_.clear();
        aliases_.clear();
        policies_.clear();
        reserved_.clear();
    };
    for (const std::string& prefix : {schema::versions.prefix(), schema::functions.prefix(),
                                      schema::aliases.prefix(), schema::policies.prefix()})
        watches_.push_back(store_.watch(prefix, forget));
}

template <class Record, class Table, class Key>
std::shared_ptr<const Record> Directory::look(Cache<Record>& cache, const Table& table,
                                              const Key& key) {
    const std::string name = table.encode(key);
    if (const auto found = cache.find(name); found != cache.end()) return found->second;
    store::Txn txn = store_.begin();
    auto record = table.get(txn, key);
    return cache[name] = record ? std::make_shared<const Record>(std::move(*record)) : nullptr;
}

std::shared_ptr<const StoredVersion> Directory::version(const VersionKey& key) {
    return look(versions_, schema::versions, key);
}

std::shared_ptr<const StoredFunction> Directory::function(const Place& place,
                                                          const std::string& name) {
    return look(functions_, schema::functions,
                decltype(schema::functions)::Key{place.account, place.region, name});
}

std::shared_ptr<const model::AliasConfiguration> Directory::alias(const Place& place,
                                                                  const std::string& name,
                                                                  const std::string& alias) {
    return look(aliases_, schema::aliases,
                decltype(schema::aliases)::Key{place.account, place.region, name, alias});
}

std::shared_ptr<const wire::Json> Directory::policy(const Place& place, const std::string& name,
                                                    const std::string& qualifier) {
    const decltype(schema::policies)::Key key{place.account, place.region, name, qualifier};
    const std::string encoded = schema::policies.encode(key);
    if (const auto found = policies_.find(encoded); found != policies_.end()) return found->second;
    store::Txn txn = store_.begin();
    const auto stored = schema::policies.get(txn, key);
    return policies_[encoded] =
               stored ? std::make_shared<const wire::Json>(policy_document(*stored)) : nullptr;
}

int64_t Directory::reserved(const Place& place) {
    if (const auto found = reserved_.find(place); found != reserved_.end()) return found->second;
    store::Txn txn = store_.begin();
    int64_t sum = 0;
    for (const auto& [key, function] : schema::functions.list(txn, place.account, place.region))
        sum += function.reserved.value_or(0);
    return reserved_[place] = sum;
}

wire::Json policy_document(const StoredPolicy& policy) {
    wire::Json statements = wire::Json::array();
    for (const std::string& one : policy.statements)
        if (auto statement = wire::Json::parse(one)) statements.push(std::move(*statement));
    return wire::Json::object(
        {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(statements)}});
}

}  // namespace unkai::services::lambda
