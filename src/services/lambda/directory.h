// What invocations need to know of functions, decoded once: a warm invocation reads no record.
//
// Everything is forgotten whenever one of the tables changes, so that what was committed is what
// the next invocation sees. Control loop only. Answers are null or empty for what is not there.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "services/lambda/names.h"
#include "services/lambda/schema.h"
#include "wire/json.h"

namespace unkai::services::lambda {

class Directory {
public:
    explicit Directory(store::Store& store);

    std::shared_ptr<const StoredVersion> version(const VersionKey& key);
    std::shared_ptr<const StoredFunction> function(const Place& place, const std::string& name);
    std::shared_ptr<const model::AliasConfiguration> alias(const Place& place,
                                                           const std::string& name,
                                                           const std::string& alias);
    // The policy document of that qualifier ("" is the function itself).
    std::shared_ptr<const wire::Json> policy(const Place& place, const std::string& name,
                                             const std::string& qualifier);
    // The sum of what functions there have reserved.
    int64_t reserved(const Place& place);

private:
    template <class Record>
    using Cache = std::map<std::string, std::shared_ptr<const Record>>;
    template <class Record, class Table, class Key>
    std::shared_ptr<const Record> look(Cache<Record>& cache, const Table& table, const Key& key);

    store::Store& store_;
    Cache<StoredVersion> versions_;
    Cache<StoredFunction> functions_;
    Cache<model::AliasConfiguration> aliases_;
    Cache<wire::Json> policies_;
    std::map<Place, int64_t> reserved_;
    std::vector<std::unique_ptr<store::Store::Watch>> watches_;
};

// The document that the statements make.
wire::Json policy_document(const StoredPolicy& policy);

}  // namespace unkai::services::lambda
