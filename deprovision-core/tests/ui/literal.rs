//! No proof can be written down: a literal has to name its fields, and they are private.

use deprovision_core::permit::{
    ApprovalProof, DestructionWarrant, EraseWarrant, FreshUsage, RestoreDrill, VerifiedArchive,
    WritePermit,
};

fn fields(
    WritePermit { epoch: _, .. }: WritePermit,
    ApprovalProof { plan: _, .. }: ApprovalProof,
    FreshUsage { api: _, .. }: FreshUsage,
    VerifiedArchive { manifest: _, .. }: VerifiedArchive,
    RestoreDrill { bytes: _, .. }: RestoreDrill,
    DestructionWarrant { targets: _, .. }: DestructionWarrant,
    EraseWarrant { drill: _, .. }: EraseWarrant<'_>,
) {
}

fn main() {}
