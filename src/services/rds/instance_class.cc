#include "services/rds/instance_class.h"

#include <cmath>

#include "base/strings.h"

namespace unkai::services::rds {

namespace {

std::vector<InstanceClass> make_classes() {
    // Burstable classes leave 3/4 of their memory to the database, the others 61/64: so AWS's table
    // of max_connections comes out (db.t3.medium 90, db.r5.large 1000, db.r5.xlarge 2000, …).
    std::vector<InstanceClass> out;
    for (const char* family : {"t3", "t4g"}) {
        out.push_back({std::string("db.") + family + ".medium", 3, 2});
        out.push_back({std::string("db.") + family + ".large", 6, 2});
    }
    struct Size {
        const char* name;
        double memory;
        int cpus;
    };
    for (const char* family : {"r5", "r6g", "r6i", "r7g", "r7i", "r8g"})
        for (const Size& size :
             {Size{"large", 15.25, 2}, Size{"xlarge", 30.5, 4}, Size{"2xlarge", 61, 8},
              Size{"4xlarge", 122, 16}, Size{"8xlarge", 244, 32}, Size{"12xlarge", 366, 48},
              Size{"16xlarge", 488, 64}})
            out.push_back({std::string("db.") + family + "." + size.name, size.memory, size.cpus});
    out.push_back({"db.serverless", 2, 2});  // Of one ACU; the cluster's maximum multiplies it.
    return out;
}

// Recursive descent: sums of products of numbers, names, {…}, log(…), GREATEST(…), LEAST(…).
class Formula {
public:
    Formula(std::string_view text, double memory) : left_(text), memory_(memory) {}
    std::optional<double> value() {
        const double result = sum();
        skip_spaces();
        if (bad_ || !left_.empty()) return std::nullopt;
        return result;
    }

private:
    void skip_spaces() {
        while (left_.starts_with(' ')) left_.remove_prefix(1);
    }
    bool take(std::string_view token) {
        skip_spaces();
        if (!left_.starts_with(token)) return false;
        left_.remove_prefix(token.size());
        return true;
    }
    double sum() {
        if (++depth_ > 20) bad_ = true;
        double result = bad_ ? 0 : product();
        while (!bad_) {
            if (take("+"))
                result += product();
            else if (take("-"))
                result -= product();
            else
                break;
        }
        --depth_;
        return result;
    }
    double product() {
        double result = factor();
        while (!bad_) {
            if (take("*"))
                result *= factor();
            else if (take("/"))
                result /= factor();
            else
                break;
        }
        return result;
    }
    double choose(bool greatest) {
        double result = sum();
        while (!bad_ && take(",")) {
            const double other = sum();
            result = greatest ? std::max(result, other) : std::min(result, other);
        }
        if (!take(")")) bad_ = true;
        return result;
    }
    double closed(std::string_view end) {
        const double result = sum();
        if (!take(end)) bad_ = true;
        return result;
    }
    double factor() {
        if (take("GREATEST(")) return choose(true);
        if (take("LEAST(")) return choose(false);
        if (take("log(")) return std::log2(closed(")"));
        if (take("DBInstanceClassMemory")) return memory_;
        if (take("{")) return closed("}");
        if (take("(")) return closed(")");
        skip_spaces();
        const size_t end = std::min(left_.find_first_not_of("0123456789."), left_.size());
        const auto number = parse_double(left_.substr(0, end));
        if (!number) bad_ = true;
        left_.remove_prefix(end);
        return number.value_or(0);
    }

    std::string_view left_;
    double memory_;
    int depth_ = 0;
    bool bad_ = false;
};

}  // namespace

const std::vector<InstanceClass>& instance_classes() {
    static const std::vector<InstanceClass> classes = make_classes();
    return classes;
}

const InstanceClass* find_class(std::string_view name) {
    for (const InstanceClass& known : instance_classes())
        if (known.name == name) return &known;
    return nullptr;
}

std::optional<std::string> evaluate(std::string_view value, double memory_bytes) {
    if (value.find("DBInstanceClassMemory") == value.npos) return std::string(value);
    const auto result = Formula(value, memory_bytes).value();
    if (!result || !std::isfinite(*result) || *result < 0) return std::nullopt;
    return std::to_string(static_cast<int64_t>(std::llround(*result)));
}

}  // namespace unkai::services::rds
