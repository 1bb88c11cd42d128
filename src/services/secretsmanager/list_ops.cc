#include "aws/paging.h"
#include "base/strings.h"
#include "services/secretsmanager/limits.h"
#include "services/secretsmanager/secretsmanager.h"
#include "services/secretsmanager/versions.h"

namespace unkai::services::secretsmanager {

namespace {

bool prefix_matches(std::string_view text, std::string_view prefix, bool any_case) {
    if (text.size() < prefix.size()) return false;
    const std::string_view start = text.substr(0, prefix.size());
    return any_case ? equals_ignoring_case(start, prefix) : start == prefix;
}

// Every word of the value begins a word of some attribute, in any case.
bool all_matches(const Secret& secret, std::string_view value) {
    std::string text = secret.name + " " + secret.description;
    for (const auto& [key, tag] : secret.tags) text += " " + key + " " + tag;
    text = " " + to_lower(text);
    for (char& c : text)
        if (!isalnum(static_cast<unsigned char>(c))) c = ' ';
    std::string wanted = to_lower(value);
    for (char& c : wanted)
        if (!isalnum(static_cast<unsigned char>(c))) c = ' ';
    for (const std::string_view word : split(wanted, ' '))
        if (!word.empty() && text.find(" " + std::string(word)) == text.npos) return false;
    return true;
}

bool value_matches(const Secret& secret, const std::string& key, std::string_view value) {
    if (key == "name") return prefix_matches(secret.name, value, false);
    if (key == "description") return prefix_matches(secret.description, value, true);
    if (key == "owning-service") return prefix_matches(secret.owning_service, value, false);
    if (key == "all") return all_matches(secret, value);
    for (const auto& [name, tag] : secret.tags) {
        if (key == "tag-key" && prefix_matches(name, value, false)) return true;
        if (key == "tag-value" && prefix_matches(tag, value, false)) return true;
    }
    return false;
}

SecretListEntry describe(const Secret& secret) {
    SecretListEntry out{.arn = secret.arn, .name = secret.name};
    if (!secret.description.empty()) out.description = secret.description;
    if (!secret.kms_key_id.empty()) out.kms_key_id = secret.kms_key_id;
    if (!secret.owning_service.empty()) out.owning_service = secret.owning_service;
    out.created_date = secret.created;
    out.last_changed_date = secret.changed;
    out.last_accessed_date = secret.accessed;
    out.deleted_date = secret.deleted;
    for (const auto& [key, value] : secret.tags) out.tags.push_back({.key = key, .value = value});
    for (const auto& [id, version] : secret.versions)
        if (!version.stages.empty())
            out.secret_versions_to_stages[id] =
                std::vector(version.stages.begin(), version.stages.end());
    return out;
}

Time sort_time(const Secret& secret, const std::string& by) {
    if (by == "last-changed-date") return secret.changed;
    if (by == "last-accessed-date") return secret.accessed.value_or(Time{});
    return secret.created;
}

std::pair<Time, std::string> sort_key(const Secret& secret, const std::string& by) {
    return {by == "name" ? Time{} : sort_time(secret, by), secret.name};
}

// Where it stands in the list, as text that sorts as the number does.
std::string rank_of(const std::vector<Secret>& rows, const Secret& secret) {
    const std::string digits = std::to_string(&secret - rows.data());
    return std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

Status check_filters(const List<Filter>& filters) {
    for (const Filter& filter : filters) {
        const std::string key = filter.key.value_or("");
        static const std::set<std::string> known{"name",      "description",    "tag-key",
                                                 "tag-value", "primary-region", "owning-service",
                                                 "all"};
        if (!known.contains(key))
            return errors::InvalidParameterException("There is no filter " + key + ".");
        if (filter.values.empty())
            return errors::InvalidParameterException("The filter " + key + " has no value.");
    }
    return ok();
}

bool matches(const Secret& secret, const List<Filter>& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
        return std::any_of(
            filter.values.begin(), filter.values.end(), [&](const std::string& value) {
                const bool negated = value.starts_with('!');
                const std::string_view plain = std::string_view(value).substr(negated ? 1 : 0);
                return value_matches(secret, *filter.key, plain) != negated;
            });
    });
}

std::vector<Secret> all_secrets(aws::Call& call, bool deleted_too) {
    std::vector<Secret> out;
    for (auto& [key, secret] : schema::secrets.list(call.txn(), call.account, call.region)) {
        if (secret.deletion_due && (!deleted_too || *secret.deletion_due <= call.now)) continue;
        out.push_back(std::move(secret));
    }
    return out;
}

Result<ListSecretsOutput> SecretsManager::ListSecrets(aws::Call& call, const ListSecretsInput& in) {
    REQUIRE(check_filters(in.filters));
    const std::string by = in.sort_by.value_or("created-date");
    const bool descending = in.sort_order.value_or("desc") == "desc";
    std::vector<Secret> rows;
    for (Secret& secret : all_secrets(call, in.include_planned_deletion.value_or(false)))
        if (matches(secret, in.filters)) rows.push_back(std::move(secret));
    std::sort(rows.begin(), rows.end(), [&](const Secret& a, const Secret& b) {
        const bool less = sort_key(a, by) < sort_key(b, by);
        return descending ? sort_key(b, by) < sort_key(a, by) : less;
    });
    // A page goes on after the rank of its last row's key: order and direction are the caller's to
    // keep.
    TRY(const auto page,
        aws::page(
            rows, [&](const Secret& secret) { return rank_of(rows, secret); }, in.next_token,
            static_cast<size_t>(in.max_results.value_or(limits::listed)),
            "InvalidNextTokenException"));
    ListSecretsOutput out{.next_token = page.next};
    for (const Secret* secret : page.items) out.secret_list.push_back(describe(*secret));
    return out;
}

Result<ListSecretVersionIdsOutput> SecretsManager::ListSecretVersionIds(
    aws::Call& call, const ListSecretVersionIdsInput& in) {
    TRY(const Secret secret, find_secret(call, in.secret_id));
    const std::vector<std::pair<std::string, Version>> rows(secret.versions.begin(),
                                                            secret.versions.end());
    std::vector<std::pair<std::string, Version>> shown;
    for (const auto& row : rows)
        if (!row.second.stages.empty() || in.include_deprecated.value_or(false))
            shown.push_back(row);
    TRY(const auto page, aws::page(
                             shown, [](const auto& row) { return row.first; }, in.next_token,
                             static_cast<size_t>(in.max_results.value_or(limits::listed)),
                             "InvalidNextTokenException"));
    ListSecretVersionIdsOutput out{.next_token = page.next, .arn = secret.arn, .name = secret.name};
    for (const auto* row : page.items) {
        const Version& version = row->second;
        auto& entry = out.versions.emplace_back();
        entry.version_id = row->first;
        entry.version_stages = std::vector(version.stages.begin(), version.stages.end());
        entry.created_date = version.created;
        entry.last_accessed_date = version.accessed;
    }
    return out;
}

Result<BatchGetSecretValueOutput> SecretsManager::BatchGetSecretValue(
    aws::Call& call, const BatchGetSecretValueInput& in) {
    if (in.secret_id_list.empty() == in.filters.empty())
        return errors::InvalidParameterException(
            "Provide either SecretIdList or Filters, not both.");
    REQUIRE(check_filters(in.filters));
    BatchGetSecretValueOutput out;
    std::vector<std::string> ids = in.secret_id_list;
    if (ids.size() > static_cast<size_t>(limits::batch))
        return errors::InvalidParameterException("SecretIdList can name at most 20 secrets.");
    if (ids.empty()) {
        std::vector<Secret> rows;
        for (Secret& secret : all_secrets(call, false))
            if (matches(secret, in.filters)) rows.push_back(std::move(secret));
        TRY(const auto page,
            aws::page(
                rows, [](const Secret& secret) { return secret.name; }, in.next_token,
                static_cast<size_t>(in.max_results.value_or(limits::batch)),
                "InvalidNextTokenException"));
        out.next_token = page.next;
        for (const Secret* secret : page.items) ids.push_back(secret->name);
    }
    for (const std::string& id : ids) {
        auto got = GetSecretValue(call, {.secret_id = id});
        if (!got) {
            out.errors_.push_back(
                {.secret_id = id, .error_code = got.error().code, .message = got.error().message});
            continue;
        }
        out.secret_values.push_back({.arn = got->arn,
                                     .name = got->name,
                                     .version_id = got->version_id,
                                     .secret_binary = got->secret_binary,
                                     .secret_string = got->secret_string,
                                     .version_stages = got->version_stages,
                                     .created_date = got->created_date});
    }
    return out;
}

}  // namespace unkai::services::secretsmanager
