//! The real thing: the clock of this machine, people with browsers, and no end but Ctrl-C.

use std::future::Future;
use std::time::Duration;

use deprovision_core::engine::Progress;
use deprovision_core::id::RetirementId;
use deprovision_examples::{Problem, news_line};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::audit;
use crate::world::World;

/// How often somebody calls version 2, so that the access log is never silent for long.
const CALLING: Duration = Duration::from_secs(600);
/// How often it is looked who should be asked, and which letters came.
const LOOKING: Duration = Duration::from_millis(500);

/// Serves until Ctrl-C: what had begun is brought to its end, and kept.
pub(crate) async fn serve(world: &World, id: &RetirementId) -> Result<(), Problem> {
    if let Some(plan) = world.propose(id).await? {
        println!("{plan}\n");
    }
    println!("{}", world.engine.status(id).await?);
    tell_where(world);
    let (stop, stopped) = watch::channel(false);
    let shutdown = || {
        let mut stopped = stopped.clone();
        // A sender that is gone has stopped, too.
        async move { drop(stopped.wait_for(|stop| *stop).await) }
    };
    let progress = world.engine.subscribe();
    let engine = async { world.engine.run(shutdown()).await.map_err(Problem::from) };
    let courier = async { world.courier.run(shutdown()).await.map_err(Problem::from) };
    let ended = async {
        let ctrl_c = async { tokio::signal::ctrl_c().await.map_err(Problem::from) };
        // Whatever ends first ends the others.
        let first = tokio::select! {
            pressed = ctrl_c => pressed,
            told = tell(progress) => told,
            done = until(shutdown(), auditing(world)) => done,
            done = until(shutdown(), calling(world)) => done,
            done = until(shutdown(), watching(world)) => done,
        };
        stop.send_replace(true);
        first
    };
    let stop_with = |done: Result<(), Problem>| {
        stop.send_replace(true);
        done
    };
    let (engine, courier, ended) = tokio::join!(
        async { stop_with(engine.await) },
        async { stop_with(courier.await) },
        ended
    );
    ended.and(engine).and(courier)
}

/// Work that ends when it is told to.
async fn until(
    shutdown: impl Future<Output = ()>,
    work: impl Future<Output = Result<(), Problem>>,
) -> Result<(), Problem> {
    tokio::select! {
        () = shutdown => Ok(()),
        done = work => done,
    }
}

fn tell_where(world: &World) {
    let at = |name: &str| world.files.path(name).display().to_string();
    println!(
        "\nservice  {}/v1/orders, by the key in {}",
        world.base,
        at("callers/ak_billing")
    );
    println!("answers  {}/answer, by the links in the mail", world.base);
    match &world.postbox {
        Some(_) => println!("mail     {}, a directory each (.eml and .txt)", at("mail")),
        None => println!("mail     goes to the server that was named"),
    }
    println!("Ctrl-C stops; the same command goes on.\n");
}

/// Tells what happens.
async fn tell(mut progress: broadcast::Receiver<Progress>) -> Result<(), Problem> {
    loop {
        match progress.recv().await {
            Ok(news) => {
                if let Some(line) = news_line(&news.event) {
                    println!("{}  {line}", news.at.strftime("%Y-%m-%d %H:%M:%S"));
                }
            }
            Err(RecvError::Lagged(missed)) => println!("({missed} events were not told)"),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn auditing(world: &World) -> Result<(), Problem> {
    let clock = world.clock();
    loop {
        clock.sleep_until(audit::next(world)?).await;
        if let Some(notices) = audit::if_due(world).await? {
            println!("the audit of the week: {notices} notices to owners");
        }
    }
}

async fn calling(world: &World) -> Result<(), Problem> {
    loop {
        let key = Some(&world.held.billing_v2);
        world.callers.get("/v2/orders", key).await?;
        tokio::time::sleep(CALLING).await;
    }
}

/// Shows the letters that came, and those that wait.
async fn watching(world: &World) -> Result<(), Problem> {
    let mut before = (0, None, None);
    loop {
        for arrival in world.postbox.iter().flat_map(|postbox| postbox.arrivals()) {
            println!("mail     {}.txt", arrival.file);
        }
        let letters = world.courier.status().await?;
        let now = (letters.waiting, letters.next, letters.pause);
        if now != before {
            match &now {
                (_, _, Some(pause)) => {
                    println!("mail     waits, and a person has to act: {}", pause.why);
                }
                (0, _, None) => println!("mail     nothing waits"),
                (waiting, Some(next), None) => {
                    println!(
                        "mail     notices that wait: {waiting}; the next letter goes at {next}"
                    );
                }
                (waiting, None, None) => println!("mail     notices under way: {waiting}"),
            }
            before = now;
        }
        tokio::time::sleep(LOOKING).await;
    }
}
