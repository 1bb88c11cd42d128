// Brings notifications to subscriptions: SQS, Lambda, HTTP(S), e-mail into a local mailbox.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
// What Publish acknowledged lies in the outbox (aws/deliveries.h) until its endpoint took it or the
// retry policy ends; then it goes to the subscription's dead-letter queue, if there is one. Errors
// that trying again cannot mend (the queue is gone, its policy refuses, 4XX but 429) go there at
// once. FIFO topics: a subscription's group in order.
#pragma once

#include <deque>

#include "aws/client.h"
#include "aws/deliveries.h"
#include "aws/metrics.h"
#include "services/sns/notification.h"
#include "services/sns/signer.h"

namespace unkai::services::sns {

// The world outside of AWS. For real: src/parts/topics.cc.
class Outside {
public:
    struct Post {
        std::string url;
        std::vector<std::pair<std::string, std::string>> headers;
        std::string body;
    };
    virtual ~Outside() = default;
    // The status of the answer. Errors: it could not be reached, or did not answer in 15 seconds.
    virtual Task<Result<int>> post(Post post) = 0;
    // A message file with that name into the mailbox; the same name again replaces it.
    virtual Task<Status> mail(std::string name, std::string text) = 0;
};

class Sender final : public aws::Deliverer {
public:
    // `local_url`: of the API on this machine, "http://localhost:4566".
    Sender(Env& env, store::Store& store, aws::Client& client, Outside& outside,
           std::string local_url);

    void set_signer(std::shared_ptr<const Signer> signer) { signer_ = std::move(signer); }
    const std::shared_ptr<const Signer>& signer() const { return signer_; }
    aws::Deliveries& outbox() { return outbox_; }
    // Those of the topic's account and region.
    void count(const std::string& topic_arn, std::string_view metric, double value = 1,
               std::string_view unit = "Count");

    // In the call's transaction.
    void owe(aws::Call& call, const StoredSubscription& subscription, Notification notification);
    Task<aws::Outcome> deliver(aws::Delivery delivery) override;
    // Expired confirmations and deduplication ids, and metrics each minute; until stopped.
    Task<void> run(Stop& stop);

private:
    Task<Envelope> envelope(const Notification& notification,
                            const StoredSubscription& subscription);
    Task<std::string> signature(std::string text, std::string version);
    Task<Status> bring(Notification notification, StoredSubscription subscription,
                       aws::Delivery delivery);
    Task<Status> to_queue(const Notification& notification, const StoredSubscription& subscription);
    Task<Status> to_function(const Notification& notification,
                             const StoredSubscription& subscription);
    Task<Status> to_web(const Notification& notification, const StoredSubscription& subscription);
    Task<Status> to_mailbox(const Notification& notification,
                            const StoredSubscription& subscription, std::string name);
    Task<Status> to_dead_letters(const Notification& notification,
                                 const StoredSubscription& subscription, Error why);
    Task<Status> sweep();
    Task<void> publish_metrics();

    Env& env_;
    store::Store& store_;
    aws::Client& client_;
    Outside& outside_;
    const std::string local_url_;
    std::shared_ptr<const Signer> signer_;
    aws::Deliveries outbox_;
    std::map<std::pair<std::string, std::string>, aws::Metrics> metrics_;  // Account, region.
    std::deque<std::pair<std::string, std::string>> signatures_;           // The latest, by text.
};

// Of a topic's or subscription's ARN.
struct ArnParts {
    std::string account, region, name;  // name: what follows the account.
};
ArnParts parts_of(std::string_view arn);

}  // namespace unkai::services::sns
