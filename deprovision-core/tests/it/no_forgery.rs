//! What must not exist: ways to copy, invent or read back a proof, and ways to
//! print or store a secret. It is checked when this file compiles, under any
//! toolchain; that the fields of a proof are private, by the examples beside them
//! that must not compile (`compile_fail`).

use deprovision_core::ledger::{KeyName, SigningKey};
use deprovision_core::permit::{
    ApprovalProof, DestructionWarrant, EraseWarrant, FreshUsage, RestoreDrill, VerifiedArchive,
    WritePermit,
};
use deprovision_core::provider::{
    AccessPath, AccessPathObserver, ArchiveReader, Archiver, ChangeObserver, ChangeProposer,
    CodeSearch, CredentialObserver, CredentialRevoker, DatasetReader, DeliveryObserver,
    DocumentObserver, DocumentUpdater, Eraser, GrantObserver, Notifier, Outcome, PathProbe,
    PermissionAuditor, ProviderError, UsageSource,
};
use deprovision_core::resource::ArchiveId;
use deprovision_core::secret::Secret;

/// Fails to compile when the type has the trait: then there are two `some_item`s
/// to choose from, and nothing says which.
macro_rules! assert_not {
    ($type:ty: $($trait:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn some_item() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $trait> Ambiguous<Has> for T {}
            let _ = <$type as Ambiguous<_>>::some_item;
        };
    )+};
}

macro_rules! is_a_proof {
    ($($type:ty),+) => {$(
        assert_not!($type: Clone, Copy, Default, serde::de::DeserializeOwned, serde::Serialize);
    )+};
}

is_a_proof!(
    WritePermit,
    ApprovalProof,
    FreshUsage,
    VerifiedArchive,
    RestoreDrill,
    DestructionWarrant,
    EraseWarrant<'static>
);
assert_not!(Secret: std::fmt::Display, serde::Serialize, PartialEq, AsRef<str>);
assert_not!(SigningKey: std::fmt::Display, serde::Serialize, Clone, AsRef<[u8]>);

/// Calls methods that must not exist: an own trait gives every type methods of
/// those names, and a trait object's own methods would be taken before them.
macro_rules! has_no {
    ($object:ty: $($method:ident),+) => {$(
        const _: fn(&$object) = |object| {
            struct NoSuchMethod;
            trait Absent {
                fn $method(&self) -> NoSuchMethod {
                    NoSuchMethod
                }
            }
            impl<T: ?Sized> Absent for T {}
            let NoSuchMethod = object.$method();
        };
    )+};
}

has_no!(dyn CredentialObserver: freeze_issuance, unfreeze_issuance, disable, restore, delete);
has_no!(dyn GrantObserver: remove, put_back);
has_no!(dyn AccessPathObserver: set);
has_no!(dyn PathProbe: set);
has_no!(dyn DocumentObserver: mark, unmark);
has_no!(dyn ChangeObserver: propose, withdraw);
has_no!(dyn CodeSearch: propose, withdraw);
has_no!(dyn DeliveryObserver: send);
has_no!(dyn DatasetReader: erase);
has_no!(dyn ArchiveReader: restore, discard_scratch, discard);
has_no!(dyn UsageSource: set, send);
assert_not!(dyn CredentialObserver: CredentialRevoker);
assert_not!(dyn GrantObserver: PermissionAuditor);
assert_not!(dyn AccessPathObserver: AccessPath);
assert_not!(dyn DocumentObserver: DocumentUpdater);
assert_not!(dyn ChangeObserver: ChangeProposer);
assert_not!(dyn DeliveryObserver: Notifier);
assert_not!(dyn DatasetReader: Eraser);
assert_not!(dyn ArchiveReader: Archiver);

/// Erasing takes a warrant, and of a warrant there is no short cut to.
#[expect(dead_code, reason = "it has to compile, not to run")]
fn erasing_takes_a_warrant<'a>(
    eraser: &'a dyn Eraser,
    warrant: &'a EraseWarrant<'a>,
) -> impl Future<Output = Result<Outcome, ProviderError>> + 'a {
    // The method is not generic: what it takes here is all that it takes.
    Eraser::erase(eraser, warrant)
}
assert_not!(EraseWarrant<'static>: From<VerifiedArchive>, From<ArchiveId>, From<DestructionWarrant>);
assert_not!(WritePermit: From<deprovision_core::journal::Lease>);

/// What the types say was checked when this file compiled; this is the rest.
#[test]
fn i_13_and_i_20_observers_have_no_writes_and_secrets_no_text() {
    let secret = Secret::new("canary-7f3a");
    let key = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32]);
    let text = key.to_secret();
    for shown in [format!("{secret:?}"), format!("{key:?}")] {
        assert!(!shown.contains("canary-7f3a"), "{shown}");
        assert!(!shown.contains(text.expose()), "{shown}");
    }
}
