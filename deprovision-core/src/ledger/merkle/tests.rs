//! The tree against the definition of RFC 6962 written down word by word, and
//! against the published values of the reference implementation.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::digest::Digest;

/// The eight leaves of Certificate Transparency's reference tests.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// The root of the first 0, 1, … 8 of them.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const LEAF_0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const NODE_2_3: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const NODE_4_5: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const NODE_6_7: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const NODE_0_3: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
const NODE_4_7: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

fn hex(text: &str) -> Digest {
    format!("sha256:{text}").parse().unwrap()
}

fn known() -> MerkleTree {
    let mut tree = MerkleTree::new();
    LEAVES.iter().for_each(|data| tree.push(leaf_hash(data)));
    tree
}

#[test]
fn i_19_the_roots_are_those_of_the_reference_tests() {
    let tree = known();
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(
            tree.root_at(size as u64).unwrap().to_hex(),
            *root,
            "{size} leaves"
        );
    }
    assert_eq!(tree.root().to_hex(), ROOTS[8]);
    assert_eq!(tree.root_at(9), None);
    assert_eq!(MerkleTree::new().root().to_hex(), ROOTS[0]);
}

#[test]
fn i_19_the_proofs_are_those_of_the_reference_tests() {
    let tree = known();
    let inclusion = |index, size| tree.inclusion(index, size).unwrap().path;
    assert_eq!(inclusion(0, 1), []);
    let beside_0 = hex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    assert_eq!(inclusion(0, 8), [beside_0, hex(NODE_2_3), hex(NODE_4_7)]);
    let beside_5 = hex(LEAF_4);
    assert_eq!(inclusion(5, 8), [beside_5, hex(NODE_6_7), hex(NODE_0_3)]);
    let beside_2 = hex("07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7");
    assert_eq!(inclusion(2, 3), [hex(ROOTS[2])]);
    assert_eq!(inclusion(2, 5), [beside_2, hex(ROOTS[2]), hex(LEAF_4)]);
    assert_eq!(inclusion(1, 5), [hex(LEAF_0), hex(NODE_2_3), hex(LEAF_4)]);

    let consistency = |old, new| tree.consistency(old, new).unwrap().path;
    assert_eq!(consistency(1, 1), []);
    assert_eq!(consistency(1, 8), [beside_0, hex(NODE_2_3), hex(NODE_4_7)]);
    assert_eq!(
        consistency(6, 8),
        [hex(NODE_4_5), hex(NODE_6_7), hex(NODE_0_3)]
    );
    assert_eq!(consistency(2, 5), [hex(NODE_2_3), hex(LEAF_4)]);
}

/// `MTH` of RFC 6962, section 2.1.
fn naive_root(leaves: &[Vec<u8>]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [one] => Sha256::digest([&[0u8][..], one].concat()).into(),
        many => {
            let k = naive_split(many.len());
            let (left, right) = (naive_root(&many[..k]), naive_root(&many[k..]));
            Sha256::digest([&[1u8][..], &left, &right].concat()).into()
        }
    }
}

/// The largest power of two below `n`.
fn naive_split(n: usize) -> usize {
    (0..)
        .map(|power| 1 << power)
        .take_while(|k| *k < n)
        .last()
        .unwrap()
}

/// `PATH` of RFC 6962, section 2.1.1.
fn naive_path(m: usize, leaves: &[Vec<u8>]) -> Vec<[u8; 32]> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = naive_split(leaves.len());
    let (mut path, beside) = if m < k {
        (naive_path(m, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(m - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(beside);
    path
}

/// `SUBPROOF` of RFC 6962, section 2.1.2.
fn naive_subproof(m: usize, leaves: &[Vec<u8>], known: bool) -> Vec<[u8; 32]> {
    if m == leaves.len() {
        return if known {
            Vec::new()
        } else {
            vec![naive_root(leaves)]
        };
    }
    let k = naive_split(leaves.len());
    let (mut proof, beside) = if m <= k {
        (
            naive_subproof(m, &leaves[..k], known),
            naive_root(&leaves[k..]),
        )
    } else {
        (
            naive_subproof(m - k, &leaves[k..], false),
            naive_root(&leaves[..k]),
        )
    };
    proof.push(beside);
    proof
}

fn bytes(path: &[Digest]) -> Vec<[u8; 32]> {
    path.iter().map(|hash| *hash.as_bytes()).collect()
}

fn tree_of(leaves: &[Vec<u8>]) -> MerkleTree {
    let mut tree = MerkleTree::new();
    leaves.iter().for_each(|data| tree.push(leaf_hash(data)));
    tree
}

/// Everything that a proof's path may become in the wrong hands.
fn bent(path: &[Digest]) -> Vec<Vec<Digest>> {
    let mut all = Vec::new();
    for i in 0..path.len() {
        let mut changed = path.to_vec();
        let mut hash = *changed[i].as_bytes();
        hash[i % 32] ^= 1;
        changed[i] = Digest::from_bytes(hash);
        all.push(changed);
        let mut cut = path.to_vec();
        cut.remove(i);
        all.push(cut);
    }
    let mut longer = path.to_vec();
    longer.push(Digest::from_bytes([0; 32]));
    all.push(longer);
    all
}

#[test]
fn i_19_every_proof_of_every_size_up_to_40_holds_and_no_bent_one_does() {
    let leaves: Vec<Vec<u8>> = (0u8..40).map(|n| vec![n]).collect();
    let tree = tree_of(&leaves);
    for new in 0..=40u64 {
        let root = tree.root_at(new).unwrap();
        for index in 0..new {
            let proof = tree.inclusion(index, new).unwrap();
            let leaf = leaf_hash(&leaves[index as usize]);
            proof.verify(&leaf, &root).unwrap();
            assert!(proof.verify(&leaf_hash(b"other"), &root).is_err());
            assert!(proof.verify(&leaf, &leaf).is_err() || new == 1);
            for path in bent(&proof.path) {
                let bad = InclusionProof::new(index, new, path);
                assert!(bad.verify(&leaf, &root).is_err(), "{bad:?}");
            }
        }
        for old in 0..=new {
            let proof = tree.consistency(old, new).unwrap();
            let old_root = tree.root_at(old).unwrap();
            proof.verify(&old_root, &root).unwrap();
            let other = Digest::from_bytes([7; 32]);
            assert!(proof.verify(&other, &root).is_err());
            assert!(proof.verify(&old_root, &other).is_err() || (old == 0 && new > 0));
            for path in bent(&proof.path) {
                let bad = ConsistencyProof::new(old, new, path);
                assert!(bad.verify(&old_root, &root).is_err(), "{bad:?}");
            }
        }
    }
    // A path that ends too early for the claimed size, though at the very root.
    let path = tree.inclusion(0, 4).unwrap().path;
    let early =
        InclusionProof::new(0, 8, path).verify(&leaf_hash(&leaves[0]), &tree.root_at(4).unwrap());
    assert_eq!(early, Err(BadProof::Form));
    let path = tree.consistency(1, 4).unwrap().path;
    let (one, four) = (tree.root_at(1).unwrap(), tree.root_at(4).unwrap());
    let early = ConsistencyProof::new(1, 8, path).verify(&one, &four);
    assert_eq!(early, Err(BadProof::Form));
    assert_eq!(tree.inclusion(3, 3), None);
    assert_eq!(tree.inclusion(0, 41), None);
    assert_eq!(tree.consistency(4, 3), None);
    assert_eq!(tree.consistency(1, 41), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn i_19_roots_and_proofs_are_those_of_the_definition(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 1..70),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let tree = tree_of(&leaves);
        let new = 1 + a.index(leaves.len());
        let old = 1 + b.index(new);
        let seen = &leaves[..new];
        prop_assert_eq!(*tree.root_at(new as u64).unwrap().as_bytes(), naive_root(seen));
        let inclusion = tree.inclusion(old as u64 - 1, new as u64).unwrap();
        prop_assert_eq!(bytes(&inclusion.path), naive_path(old - 1, seen));
        let consistency = tree.consistency(old as u64, new as u64).unwrap();
        prop_assert_eq!(bytes(&consistency.path), naive_subproof(old, seen, true));
    }

    #[test]
    fn no_numbers_make_a_proof_panic(
        small in 0u64..70, large in any::<u64>(), length in 0usize..66, root in any::<[u8; 32]>(),
    ) {
        let root = Digest::from_bytes(root);
        let path = vec![root; length];
        for (a, b) in [(small, large), (large, small), (large, u64::MAX), (u64::MAX, u64::MAX), (small, small)] {
            let _ = InclusionProof::new(a, b, path.clone()).verify(&root, &root);
            let _ = ConsistencyProof::new(a, b, path.clone()).verify(&root, &root);
        }
    }
}
