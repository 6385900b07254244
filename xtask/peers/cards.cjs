// Reads cards (a JSON array) and prints, for each, what Microsoft's reader of Adaptive
// Cards 1.4 finds wrong in it.
const cards = require(`${process.argv[2]}/adaptivecards/dist/adaptivecards.js`);

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => {
  const found = JSON.parse(text).map((json) => {
    const context = new cards.SerializationContext(cards.Versions.v1_4);
    const card = new cards.AdaptiveCard();
    card.parse(json, context);
    const events = [];
    for (let at = 0; at < context.eventCount; at++) {
      events.push(context.getEventAt(at).message);
    }
    const results = card.validateProperties();
    events.push(...results.validationEvents.map((event) => event.message));
    return events;
  });
  console.log(JSON.stringify(found));
});
