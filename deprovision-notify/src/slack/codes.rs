//! What Slack's words for errors mean.

use deprovision_core::time::Timestamp;

use crate::channel::Sent;
use crate::fetch::Answer;

/// What a word of Slack's means for a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It will never be taken.
    Refused,
    /// It was not taken, and may be later.
    Later,
    /// Nothing will be taken until a person acts.
    Person(&'static str),
    /// It may have been taken.
    Unsure,
    /// Its thread takes no replies.
    Thread,
}

const TOKEN: &str = "give a bot token (xoxb-) of an app that is installed in the workspace";
const SCOPE: &str = "give the app the scope chat:write and install it again";
const INVITE: &str = "invite the app to the channel";
const ADMINISTRATOR: &str = "ask an administrator of the workspace to let the app post";
const CHANNEL: &str = "choose a channel that the app may post to";

/// What a word of `chat.postMessage` means; nothing for a word that Slack does not
/// document (<https://docs.slack.dev/reference/methods/chat.postMessage>, read in 2026).
pub(crate) fn of_method(code: &str) -> Option<Meaning> {
    Some(match code {
        "channel_not_found" | "is_archived" | "user_not_found" => Meaning::Refused,
        // The message as such.
        "as_user_not_supported"
        | "attachment_payload_limit_exceeded"
        | "duplicate_channel_not_found"
        | "duplicate_message_not_found"
        | "invalid_arg_name"
        | "invalid_arguments"
        | "invalid_array_arg"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_charset"
        | "invalid_form_data"
        | "invalid_json"
        | "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "invalid_post_type"
        | "json_not_object"
        | "markdown_text_conflict"
        | "metadata_too_large"
        | "missing_file_data"
        | "missing_post_type"
        | "msg_blocks_too_long"
        | "msg_too_long"
        | "no_text"
        | "slack_connect_canvas_sharing_blocked"
        | "slack_connect_file_link_sharing_blocked"
        | "slack_connect_lists_sharing_blocked"
        | "too_many_attachments"
        | "too_many_contact_cards"
        // We never send a draft.
        | "draft_already_deleted"
        | "draft_already_sent"
        | "draft_has_conflict"
        | "draft_not_found" => Meaning::Refused,
        "ratelimited"
        | "rate_limited"
        | "message_limit_exceeded"
        | "request_timeout"
        | "service_unavailable"
        | "team_added_to_org"
        | "org_login_required" => Meaning::Later,
        // Slack says of both that a part may have been done.
        "fatal_error" | "internal_error" => Meaning::Unsure,
        "cannot_reply_to_message"
        | "invalid_thread_ts"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked"
        | "thread_not_found" => Meaning::Thread,
        "account_inactive" | "invalid_auth" | "metadata_must_be_sent_from_app" | "not_authed"
        | "not_allowed_token_type" | "token_expired" | "token_revoked" => Meaning::Person(TOKEN),
        "missing_scope" | "no_permission" => Meaning::Person(SCOPE),
        "not_in_channel" => Meaning::Person(INVITE),
        "access_denied"
        | "accesslimited"
        | "ekm_access_denied"
        | "enterprise_is_restricted"
        | "restricted_action"
        | "team_access_not_granted"
        | "two_factor_setup_required" => Meaning::Person(ADMINISTRATOR),
        "channel_type_not_supported"
        | "messages_tab_disabled"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "team_not_found" => Meaning::Person(CHANNEL),
        "deprecated_endpoint" | "method_deprecated" | "unknown_method" => {
            Meaning::Person("the method was withdrawn by Slack; use a newer version of this crate")
        }
        _ => return None,
    })
}

/// What a word of an incoming webhook means; nothing for a word that Slack does not
/// document (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
pub(crate) fn of_webhook(code: &str) -> Option<Meaning> {
    const WEBHOOK: &str = "the webhook was removed or turned off; make a new one";
    Some(match code {
        "channel_not_found"
        | "channel_is_archived"
        | "user_not_found"
        | "invalid_payload"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "msg_too_long"
        | "no_text"
        | "too_many_attachments"
        | "missing_text_or_fallback_or_attachments" => Meaning::Refused,
        "action_prohibited" | "posting_to_general_channel_denied" | "team_disabled" => {
            Meaning::Person(ADMINISTRATOR)
        }
        "invalid_token" | "no_active_hooks" | "no_service" | "no_service_id" | "no_team" => {
            Meaning::Person(WEBHOOK)
        }
        "rate_limited" | "ratelimited" => Meaning::Later,
        "rollup_error" => Meaning::Unsure,
        _ => return None,
    })
}

/// A word as Slack writes them. Anything else is not repeated: it could hold what we sent.
pub(crate) fn word(text: &str) -> Option<&str> {
    let fits =
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    fits.then_some(text)
}

impl Meaning {
    /// What came of the letter.
    pub(crate) fn sent(self, code: &str, answer: &Answer, now: Timestamp) -> Sent {
        let why = format!("Slack says {code}");
        match self {
            Self::Refused => Sent::Refused { why },
            Self::Person(what) => Sent::Broken {
                why: format!("{why}; {what}"),
            },
            Self::Unsure => Sent::Unsure { why },
            Self::Later | Self::Thread => Sent::NotSent {
                why,
                retry_at: answer.retry_at(now),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors on the page of `chat.postMessage`, and those that all methods share.
    const DOCUMENTED: &str = "as_user_not_supported attachment_payload_limit_exceeded \
        cannot_reply_to_message channel_not_found draft_already_deleted draft_already_sent \
        draft_has_conflict draft_not_found duplicate_channel_not_found \
        duplicate_message_not_found invalid_blocks invalid_blocks_format \
        invalid_metadata_format invalid_metadata_schema is_archived markdown_text_conflict \
        message_limit_exceeded messages_tab_disabled metadata_must_be_sent_from_app \
        metadata_too_large missing_file_data msg_blocks_too_long msg_too_long no_text \
        not_in_channel rate_limited restricted_action \
        restricted_action_non_threadable_channel restricted_action_read_only_channel \
        restricted_action_thread_locked restricted_action_thread_only_channel \
        slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked \
        slack_connect_lists_sharing_blocked team_not_found too_many_attachments \
        too_many_contact_cards access_denied accesslimited account_inactive \
        deprecated_endpoint ekm_access_denied enterprise_is_restricted fatal_error \
        internal_error invalid_arg_name invalid_arguments invalid_array_arg invalid_auth \
        invalid_charset invalid_form_data invalid_post_type method_deprecated missing_post_type \
        missing_scope no_permission not_allowed_token_type not_authed org_login_required \
        ratelimited request_timeout service_unavailable team_access_not_granted \
        team_added_to_org token_expired token_revoked two_factor_setup_required";

    #[test]
    fn each_documented_word_has_a_meaning_and_can_be_told() {
        let mut count = 0;
        for code in DOCUMENTED.split_whitespace() {
            assert_eq!(word(code), Some(code));
            assert!(of_method(code).is_some(), "{code}");
            count += 1;
        }
        assert_eq!(count, 67);
    }

    #[test]
    fn what_may_have_been_done_is_never_sent_again_unseen() {
        let unsure: Vec<&str> = DOCUMENTED
            .split_whitespace()
            .filter(|code| of_method(code) == Some(Meaning::Unsure))
            .collect();
        assert_eq!(unsure, ["fatal_error", "internal_error"]);
    }

    #[test]
    fn i_20_only_words_of_slacks_form_are_told() {
        for odd in [
            "",
            "xoxb-1",
            "Upper",
            "two words",
            "a\nb",
            "é",
            &"x".repeat(65),
        ] {
            assert_eq!(word(odd), None, "{odd}");
        }
    }
}
