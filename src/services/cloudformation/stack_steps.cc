// One resource of a stack: created, updated, replaced, deleted.
#include "base/log.h"
#include "base/strings.h"
#include "services/cloudformation/dynamic_reference.h"
#include "services/cloudformation/references.h"
#include "services/cloudformation/stack_run.h"

namespace unkai::services::cloudformation {

namespace {

int32_t policy_of(const std::optional<Retention>& policy, const ResourceType& type) {
    const Retention otherwise = type.snapshots_by_default ? Retention::snapshot : Retention::remove;
    return static_cast<int32_t>(policy.value_or(otherwise));
}

// The logical id in a key of left_over_: "Name" or "Name/2".
std::string name_of(const std::string& key) { return std::string(split_once(key, '/').first); }

constexpr std::string_view token_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

Task<Status> StackRun::save(ResourceRecord& record, bool with_event) {
    store::Txn txn = store_.begin();
    record.updated = env_.now();
    schema::resources.put(txn, {stack_id_, record.name}, record);
    if (with_event) add_event(txn, stack_, record, env_.now(), env_.random);
    co_return co_await store_.commit(txn);
}

Task<Status> StackRun::record_status(ResourceRecord& record, std::string status,
                                     std::string reason) {
    record.status = std::move(status);
    record.reason = std::move(reason);
    return save(record, true);
}

Work StackRun::work_for(const ResourceRecord& record, const Physical& physical) {
    Work work{
        .api = api_, .env = env_, .caller = {stack_.principal, stack_.account, stack_.region}};
    work.stack_name = stack_.name;
    work.stack_id = stack_.arn;
    work.stack_tags = stack_.current.tags;
    work.logical_id = record.name;
    work.token = physical.token;
    work.physical_id = physical.id;
    work.attributes = json_of(physical.attributes);
    work.stop = stop_.get();
    return work;
}

// {{resolve:…}} replaced by the values that they name.
Task<Result<Json>> StackRun::resolve(Json value) {
    std::set<std::string> found;
    find_dynamic_references(value, found);
    if (found.empty()) co_return value;
    std::map<std::string, std::string> values;
    for (const std::string& text : found) {
        CO_TRY(const DynamicReference reference, parse_dynamic_reference(text));
        const aws::Caller caller{stack_.principal, stack_.account, stack_.region};
        if (reference.service != DynamicReference::Service::secretsmanager) {
            const std::string name =
                reference.id + (reference.version.empty() ? "" : ":" + reference.version);
            const bool secure = reference.service == DynamicReference::Service::ssm_secure;
            CO_TRY(const Json answer,
                   co_await api_.call(caller, "ssm", "GetParameter",
                                      Json::object({{"Name", name}, {"WithDecryption", secure}})));
            values[text] = answer["Parameter"]["Value"].text();
            continue;
        }
        Json input = Json::object({{"SecretId", reference.id}});
        if (!reference.stage.empty()) input.set("VersionStage", reference.stage);
        if (!reference.version_id.empty()) input.set("VersionId", reference.version_id);
        CO_TRY(const Json answer,
               co_await api_.call(caller, "secretsmanager", "GetSecretValue", std::move(input)));
        const std::string secret = answer["SecretString"].text();
        if (reference.json_key.empty()) {
            values[text] = secret;
            continue;
        }
        const auto members = Json::parse(secret);
        if (!members || !members->find(reference.json_key))
            co_return validation_error(
                "Could not find a value associated with JSONKey in SecretString");
        values[text] = (*members)[reference.json_key].text();
    }
    co_return put_dynamic_values(value, values);
}

Task<Result<Json>> StackRun::evaluate_properties(const Resource& declared,
                                                 const ResourceType& type) {
    CO_TRY(const Json evaluated, evaluate(declared.properties, *values_));
    co_return type.fit(evaluated, Fit::unevaluated, api_);
}

// What an attempt made whose record was lost in a crash: its physical id, or empty.
Task<Result<std::string>> StackRun::orphan(Work& work, const ResourceType& type) {
    if (!type.find) co_return std::string();
    CO_TRY(const std::vector<std::string> candidates, co_await type.find(work));
    for (const std::string& candidate : candidates) {
        const bool known = std::any_of(records_.begin(), records_.end(), [&](const auto& one) {
            const ResourceRecord& record = one.second;
            return record.now.id == candidate ||
                   std::any_of(record.retired.begin(), record.retired.end(),
                               [&](const Physical& old) { return old.id == candidate; });
        });
        if (!known) co_return candidate;
    }
    co_return std::string();
}

// From its record to stable; `again` when an earlier attempt may have got some of the way.
Task<Status> StackRun::create(ResourceRecord& record, const ResourceType& type, bool again) {
    Work work = work_for(record, record.now);
    work.again = again;
    CO_TRY(const Json resolved, co_await resolve(json_of(record.now.properties)));
    CO_TRY(work.properties, type.fit(resolved, Fit::evaluated, api_));
    work.input = type.input_of(work.properties);
    if (record.now.id.empty()) {
        if (again) {
            CO_TRY(record.now.id, co_await orphan(work, type));
        }
        if (record.now.id.empty()) {
            CO_TRY(record.now.id, co_await type.create(work));
        }
        work.physical_id = record.now.id;
        record.now.attributes = work.attributes.dump();
        CO_REQUIRE(co_await record_status(record, record.status, "Resource creation Initiated"));
    }
    co_return co_await settle(record, type, work);
}

Task<Status> StackRun::settle(ResourceRecord& record, const ResourceType& type, Work& work) {
    CO_TRY(const Json attributes, co_await type.settle(work));
    record.now.attributes = attributes.dump();
    record.previous_properties.clear();
    const bool is_new = record.status.starts_with("CREATE_");
    co_return co_await record_status(record, is_new ? "CREATE_COMPLETE" : "UPDATE_COMPLETE", "");
}

Task<Status> StackRun::update(ResourceRecord& record, const ResourceType& type,
                              const Json& wanted) {
    // After a restart in the middle, what it was before is in the record already.
    const bool again = record.status == "UPDATE_IN_PROGRESS" &&
                       !record.previous_properties.empty() &&
                       json_of(record.now.properties) == wanted;
    if (!again) record.previous_properties = record.now.properties;
    record.now.properties = wanted.dump();
    CO_REQUIRE(co_await record_status(record, "UPDATE_IN_PROGRESS", ""));
    Work work = work_for(record, record.now);
    CO_TRY(const Json resolved, co_await resolve(wanted));
    CO_TRY(work.properties, type.fit(resolved, Fit::evaluated, api_));
    work.previous = json_of(record.previous_properties);
    work.input = type.input_of(work.properties);
    CO_REQUIRE(co_await type.update(work));
    record.now.id = work.physical_id;
    co_return co_await settle(record, type, work);
}

// A new physical thing, beside the present one when it replaces that.
Task<Status> StackRun::begin(ResourceRecord& record, const ResourceType& type, const Json& wanted,
                             bool replaces) {
    if (replaces) {
        Physical gone = record.now;
        gone.deletion = record.replacement;
        record.retired.push_back(std::move(gone));
    }
    const bool again =
        !replaces && record.status.ends_with("_IN_PROGRESS") && !record.now.token.empty();
    record.now.type = type.name;
    record.now.id.clear();
    record.now.attributes.clear();
    record.now.properties = wanted.dump();
    record.previous_properties.clear();
    if (!again) {
        record.now.token = env_.random.from(token_alphabet, 12);
        CO_REQUIRE(co_await record_status(record,
                                          replaces ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
                                          replaces ? "Requested update requires the creation of a "
                                                     "new physical resource; hence creating one."
                                                   : ""));
    }
    co_return co_await create(record, type, again);
}

StackRun::Action StackRun::decide(const ResourceRecord& record, const ResourceType& type,
                                  const Json& wanted) const {
    const Physical& now = record.now;
    if (mode_ == Mode::roll_back &&
        std::any_of(record.retired.begin(), record.retired.end(), [&](const Physical& one) {
            return one.type == type.name && json_of(one.properties) == wanted;
        }))
        return Action::go_back;
    if (now.id.empty() || record.status.starts_with("DELETE_")) return Action::create;
    const bool updating = !record.previous_properties.empty();  // Begun, and not yet complete.
    const bool same = now.type == type.name && json_of(now.properties) == wanted;
    if (same && !updating)
        return record.status.ends_with("_COMPLETE") ? Action::nothing : Action::go_on;
    if (now.type == type.name && (same || !type.replaces(json_of(now.properties), wanted)))
        return Action::update;
    return Action::replace;
}

Task<Status> StackRun::act(ResourceRecord& record, const ResourceType& type, const Json& wanted) {
    switch (decide(record, type, wanted)) {
        case Action::nothing:
            co_return co_await save(record, false);
        case Action::go_on:
            co_return co_await create(record, type, true);
        case Action::update:
            co_return co_await update(record, type, wanted);
        case Action::replace:
            co_return co_await begin(record, type, wanted, true);
        case Action::create:
            co_return co_await begin(record, type, wanted, false);
        case Action::go_back:
            break;
    }
    const auto old =
        std::find_if(record.retired.begin(), record.retired.end(), [&](const Physical& one) {
            return one.type == type.name && json_of(one.properties) == wanted;
        });
    std::swap(record.now, *old);
    if (old->id.empty()) record.retired.erase(old);
    record.previous_properties.clear();
    co_return co_await record_status(record, "UPDATE_COMPLETE", "");
}

Task<bool> StackRun::deploy_one(std::string name) {
    const Resource& declared = *declared_->resource(name);
    ResourceRecord& record = records_[name];
    record.name = name;
    const bool there = !record.now.id.empty() && !record.status.starts_with("DELETE_");
    Status result = fail("ValidationError", "Unrecognized resource type: " + declared.type, 400);
    if (const ResourceType* type = find_resource_type(declared.type)) {
        record.now.needs = graph_[name];
        record.now.deletion = policy_of(declared.deletion_policy, *type);
        record.replacement = policy_of(declared.update_replace_policy, *type);
        record.metadata = declared.metadata.is_null() ? "" : declared.metadata.dump();
        const Result<Json> wanted = co_await evaluate_properties(declared, *type);
        if (wanted)
            result = co_await act(record, *type, *wanted);
        else
            result = wanted.error();
    }
    if (shutting_down_) co_return false;
    if (result) co_return true;
    log::info("cloudformation: a resource failed",
              {{"stack", stack_.name}, {"resource", name}, {"error", result.error().message}});
    if (record.now.type.empty()) record.now.type = declared.type;
    const Status saved = co_await record_status(record, there ? "UPDATE_FAILED" : "CREATE_FAILED",
                                                result.error().message);
    if (!saved)
        log::error("cloudformation: a failure cannot be recorded",
                   {{"error", saved.error().message}});
    co_return false;
}

Task<Status> StackRun::remove_physical(ResourceRecord& record, Physical physical) {
    const ResourceType* type = find_resource_type(physical.type);
    if (!type || physical.token.empty()) co_return ok();
    Work work = work_for(record, physical);
    work.properties = json_of(physical.properties);
    work.input = type->input_of(work.properties);
    work.final_snapshot = physical.deletion == static_cast<int32_t>(Retention::snapshot);
    if (work.physical_id.empty()) {
        CO_TRY(work.physical_id, co_await orphan(work, *type));
        if (work.physical_id.empty()) co_return ok();
    }
    co_return co_await type->remove(work);
}

// Deletes one of left_over_: the resource itself or one that it replaced.
Task<bool> StackRun::remove_one(std::string key) {
    const std::string name = name_of(key);
    ResourceRecord& record = records_[name];
    const Physical physical = left_over_[key];
    const bool is_now = key == name;
    const auto policy = static_cast<Retention>(physical.deletion);
    const bool rolling_back = stack_.status == "ROLLBACK_IN_PROGRESS";
    const bool kept = policy == Retention::retain ||
                      (policy == Retention::retain_except_on_create && !rolling_back) ||
                      stack_.retained.contains(name);
    ResourceRecord shown = record;  // Events of a replaced one bear its own physical id.
    shown.now = physical;
    ResourceRecord& target = is_now ? record : shown;
    const auto tell = [&](const char* status, const std::string& reason) {
        target.status = status;
        target.reason = reason;
        store::Txn txn = store_.begin();
        add_event(txn, stack_, target, env_.now(), env_.random);
        if (is_now) {
            record.updated = env_.now();
            schema::resources.put(txn, {stack_id_, name}, record);
        }
        return txn;
    };
    if (kept) {
        store::Txn txn = tell("DELETE_SKIPPED", "");
        if (!(co_await store_.commit(txn))) co_return false;
    } else {
        store::Txn begun = tell("DELETE_IN_PROGRESS", "");
        if (!(co_await store_.commit(begun))) co_return false;
        const Status removed = co_await remove_physical(record, physical);
        if (shutting_down_) co_return false;
        store::Txn txn = tell(removed ? "DELETE_COMPLETE" : "DELETE_FAILED",
                              removed ? "" : removed.error().message);
        if (!(co_await store_.commit(txn)) || !removed) co_return false;
    }
    if (is_now) co_return true;
    std::erase_if(record.retired, [&](const Physical& one) {
        return one.token == physical.token && one.id == physical.id;
    });
    co_return (co_await save(record, false)).has_value();
}

}  // namespace unkai::services::cloudformation
