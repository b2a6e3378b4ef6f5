import { graphql } from "relay-runtime";

export const query = graphql`
  query PostScreenQuery($id: ID!, $count: Int!) {
    post(by: { id: $id }) {
      ...PostScreen_likes
      ...PostScreen_comments @arguments(count: $count)
    }
  }
`;

export const likes = graphql`
  fragment PostScreen_likes on Post @throwOnFieldError {
    id
    likeCount
    viewerHasLiked
  }
`;

export const comments = graphql`
  fragment PostScreen_comments on Post
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "PostScreenCommentsQuery")
  @throwOnFieldError {
    id
    comments(first: $count, after: $cursor, order: OLDEST) @connection(key: "PostScreen_comments") {
      __id
      edges {
        node {
          id
          body {
            text
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

export const like = graphql`
  mutation PostScreenLikeMutation($input: LikePostInput!) {
    likePost(input: $input) {
      post {
        ...PostScreen_likes
      }
      errors {
        code
        message
      }
    }
  }
`;

export const write = graphql`
  mutation PostScreenWriteMutation($input: AddCommentInput!, $connections: [ID!]!) {
    addComment(input: $input) {
      commentEdge @appendEdge(connections: $connections) {
        node {
          id
          body {
            text
          }
        }
      }
      errors {
        code
        message
      }
    }
  }
`;

export const remove = graphql`
  mutation PostScreenRemoveMutation($input: DeleteCommentInput!, $connections: [ID!]!) {
    deleteComment(input: $input) {
      deletedCommentId @deleteEdge(connections: $connections)
      errors {
        code
        message
      }
    }
  }
`;

export const events = graphql`
  subscription PostScreenEventsSubscription($postIds: [ID!]!, $after: String) {
    postEvents(postIds: $postIds, after: $after) {
      __typename
      cursor
      ... on PostEngagementEvent {
        post {
          ...PostScreen_likes
        }
      }
    }
  }
`;
