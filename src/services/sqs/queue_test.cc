#include "services/sqs/queue.h"

#include <gtest/gtest.h>

#include "services/sqs/attributes.h"
#include "services/sqs/digest.h"

namespace unkai::services::sqs {
namespace {

Time at(int64_t seconds) { return Time{std::chrono::seconds{1000 + seconds}}; }

void put_ready(Queue& queue, int64_t sequence, const std::string& group = {}) {
    Entry entry{.sent = at(0), .visible = at(0)};
    entry.group = group;
    queue.add(sequence, entry);
    queue.publish(sequence);
}

std::vector<int64_t> take_all(Queue& queue, Time now, Duration hidden = 30s) {
    std::vector<int64_t> out;
    int64_t next = 0;
    while ((!out.empty() && queue.take_more(out.back(), next)) || queue.take(now, next)) {
        queue.hide(next, now, now + hidden, 1);
        out.push_back(next);
    }
    return out;
}

TEST(Queue, GivesTheOldestFirstAndHidesWhatItGave) {
    Queue queue(false);
    for (const int64_t sequence : {3, 1, 2}) put_ready(queue, sequence);
    EXPECT_EQ(take_all(queue, at(0)), (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(queue.in_flight(), 3u);
    EXPECT_EQ(take_all(queue, at(29)), std::vector<int64_t>{});
    queue.remove(2);
    EXPECT_EQ(take_all(queue, at(30)), (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(queue.find(1)->receives, 2u);
    queue.set_visible(3, at(31), at(31));
    EXPECT_EQ(queue.ready(), 1u);
    EXPECT_EQ(take_all(queue, at(31)), std::vector<int64_t>{3});
}

TEST(Queue, KeepsBackWhatIsNotDurableOrDelayed) {
    Queue queue(false);
    queue.add(1, {.sent = at(0), .visible = at(0)});
    queue.add(2, {.sent = at(0), .visible = at(5)});
    EXPECT_EQ(take_all(queue, at(9)), std::vector<int64_t>{});
    queue.publish(1);
    queue.publish(2);
    EXPECT_EQ(queue.next_change(), at(0));
    EXPECT_EQ(take_all(queue, at(4)), std::vector<int64_t>{1});
    EXPECT_EQ(queue.delayed(), 1u);
    EXPECT_EQ(take_all(queue, at(5)), std::vector<int64_t>{2});
    queue.publish(7);  // Purged meanwhile.
}

TEST(Queue, LocksAFifoGroupWhileOneOfItIsInFlight) {
    Queue queue(true);
    put_ready(queue, 1, "a");
    put_ready(queue, 2, "b");
    put_ready(queue, 3, "a");
    int64_t next = 0;
    ASSERT_TRUE(queue.take(at(0), next));
    EXPECT_EQ(next, 1);
    queue.hide(1, at(0), at(30), 1);
    ASSERT_TRUE(queue.take(at(0), next));
    EXPECT_EQ(next, 2) << "group a is locked";
    ASSERT_TRUE(queue.take_more(1, next)) << "but the same receive goes on with it";
    EXPECT_EQ(next, 3);
    queue.hide(2, at(0), at(30), 1);
    EXPECT_FALSE(queue.take(at(1), next));
    queue.remove(1);
    ASSERT_TRUE(queue.take(at(1), next));
    EXPECT_EQ(next, 3);
    // The head that comes back comes first again.
    put_ready(queue, 4, "b");
    EXPECT_EQ(take_all(queue, at(30)), (std::vector<int64_t>{2, 4, 3}));
}

TEST(Queue, AFifoHeadOnItsWayToTheDiskHoldsItsGroup) {
    Queue queue(true);
    queue.add(1, {.sent = at(0), .visible = at(0), .group = "a"});
    put_ready(queue, 2, "a");
    int64_t next = 0;
    EXPECT_FALSE(queue.take(at(0), next));
    queue.publish(1);
    EXPECT_EQ(take_all(queue, at(0)), (std::vector<int64_t>{1, 2}));
    queue.remove(1);
    queue.remove(2);
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(queue.oldest(), std::nullopt);
}

TEST(Attributes, AreCheckedAsAwsDoes) {
    struct Case {
        const char* name;
        const char* value;
        bool fifo;
        const char* error;
    };
    const std::string target =
        R"({"deadLetterTargetArn":"arn:aws:sqs:r:1:d","maxReceiveCount":"3"})";
    for (const Case& c : std::initializer_list<Case>{
             {"DelaySeconds", "900", false, ""},
             {"DelaySeconds", "901", false, "InvalidAttributeValue"},
             {"DelaySeconds", "x", false, "InvalidAttributeValue"},
             {"MaximumMessageSize", "1048576", false, ""},
             {"MaximumMessageSize", "1023", false, "InvalidAttributeValue"},
             {"MessageRetentionPeriod", "59", false, "InvalidAttributeValue"},
             {"Nonsense", "1", false, "InvalidAttributeName"},
             {"FifoQueue", "true", false, "InvalidAttributeName"},
             {"FifoQueue", "false", true, "InvalidAttributeValue"},
             {"ContentBasedDeduplication", "true", false, "InvalidAttributeName"},
             {"ContentBasedDeduplication", "true", true, ""},
             {"DeduplicationScope", "messageGroup", true, ""},
             {"FifoThroughputLimit", "perQueue", true, ""},
             {"KmsMasterKeyId", "alias/mine", false, "InvalidAttributeValue"},
             {"Policy", "{", false, "InvalidAttributeValue"},
             {"RedrivePolicy", target.c_str(), false, ""},
             {"RedrivePolicy", "{}", false, "InvalidAttributeValue"},
             {"RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})", false, ""},
             {"RedriveAllowPolicy", R"({"redrivePermission":"byQueue"})", false,
              "InvalidAttributeValue"}}) {
        const Status checked = check_attributes({{c.name, c.value}}, c.fifo, true);
        EXPECT_EQ(checked ? "" : checked.error().code, c.error) << c.name << "=" << c.value;
    }
    EXPECT_EQ(settings_of({{"RedrivePolicy", target}}).redrive->most_receives, 3);
    for (const char* name : {"a b", "", "a.fifo", "ümlaut"})
        EXPECT_FALSE(check_queue_name(name, false)) << name;
    EXPECT_TRUE(check_queue_name("a.fifo", true));
    EXPECT_FALSE(check_queue_name("a", true));
    EXPECT_FALSE(check_queue_name(std::string(81, 'a'), false));
}

// Values that AWS gave for the same input.
TEST(Digest, IsAwss) {
    EXPECT_EQ(md5_hex("hello world"), "5eb63bbbe01eeed093cb22bb8f5acdc3");
    EXPECT_EQ(md5_of_attributes({{"timestamp", {"Number", "1493147359900"}}}),
              "235c5c510d26fb653d073faed50ae77c");
    EXPECT_EQ(md5_of_attributes({{"ccc", {"String", "test"}},
                                 {"aaa", {"Binary", std::string("\x02\x03\x04", 3)}},
                                 {"zzz", {"Number", "0230.01"}},
                                 {"öther_encodings", {"String", "T\xFFst"}}})
                  .size(),
              32u);
}

}  // namespace
}  // namespace unkai::services::sqs
